"""Starting the process of an import, and where its file lies.

In:     the number of an Import.
Out:    a process that nobody waits for (process.py).
Never:  imports pyarrow: a worker stays small.
"""

import subprocess
import sys
from pathlib import Path

from penstock.web.conf import settings

SITE = Path(__file__).parents[2]

_started: list[subprocess.Popen] = []


def file_of(number: int) -> Path:
    """Return where the file of an import lies."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"import-{number}"


def start_import(number: int) -> None:
    """Start the process, and leave it alone: it outlives this worker if need be."""
    _started[:] = [each for each in _started if each.poll() is None]  # takes note of those that ended
    command = [sys.executable, "-m", "spc.imports.process", str(number)]
    _started.append(subprocess.Popen(command, cwd=SITE, stdin=subprocess.DEVNULL, start_new_session=True))
