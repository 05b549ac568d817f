"""Moving a file.

In:     two paths.
Out:    the file at the second.
Never:  leaves half a file under the new name, if both are on one file system.
"""

import os
import shutil


def file_move_safe(
    old_file_name: str, new_file_name: str, chunk_size: int = 64 * 2**10, allow_overwrite: bool = False
) -> None:
    """Move a file.

    Args:
        old_file_name: from here.
        new_file_name: to there.
        chunk_size: bytes that are copied at once, between file systems.
        allow_overwrite: what is there is replaced.

    Raises:
        FileExistsError: something is there.
    """
    if os.path.exists(new_file_name) and os.path.samefile(old_file_name, new_file_name):  # noqa: PTH110, PTH121 - paths are str
        return
    if not allow_overwrite and os.access(new_file_name, os.F_OK):
        raise FileExistsError(f"destination file {new_file_name} exists and allow_overwrite is False")
    try:
        os.rename(old_file_name, new_file_name)  # noqa: PTH104 - paths are str
    except OSError:  # another file system
        _copy(old_file_name, new_file_name, chunk_size, allow_overwrite=allow_overwrite)
        os.remove(old_file_name)  # noqa: PTH107 - the same


def _copy(old: str, new: str, chunk_size: int, *, allow_overwrite: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if allow_overwrite else os.O_EXCL)
    with open(old, "rb") as source, os.fdopen(os.open(new, flags, 0o666), "wb") as target:  # noqa: PTH123 - the same
        shutil.copyfileobj(source, target, chunk_size)
    shutil.copystat(old, new)
