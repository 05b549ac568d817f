"""Writing a file so that nobody ever reads half of it.

In:     a path, and all that shall stand there.
Out:    the file.
Never:  leaves its temporary file behind; creates a folder.

Rules:  rename(2) replaces at once, within one file system: the temporary file stands in the same folder.
"""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put a file with this content at a path, in the place of what is there; only its owner may read it.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
