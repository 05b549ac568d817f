"""File names that lead nowhere but here.

In:     a name, or a relative path.
Out:    the same.
Never:  repairs one.

Rules:  Django's validate_file_name, for uploads and storage.
"""

import os
import pathlib

from penstock.web.core.exceptions import SuspiciousFileOperation


def validate_file_name(name: str, allow_relative_path: bool = False) -> str:
    """Return a name that is one.

    Args:
        name: what came.
        allow_relative_path: directories may stand before it, if they lead down.

    Raises:
        SuspiciousFileOperation: empty, a dot or two, with a directory, or leading out of its own.
    """
    if os.path.basename(name) in {"", ".", ".."}:  # noqa: PTH119 - pathlib drops the last slash
        raise SuspiciousFileOperation(f"Could not derive file name from '{name}'")
    if allow_relative_path:
        # A storage elsewhere may see a separator in a backslash.
        path = pathlib.PurePosixPath(str(name).replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise SuspiciousFileOperation(f"Detected path traversal attempt in '{name}'")
    elif name != os.path.basename(name):  # noqa: PTH119 - the same
        raise SuspiciousFileOperation(f"File name '{name}' includes path elements")
    return name
