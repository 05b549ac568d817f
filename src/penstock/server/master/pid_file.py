"""The file that holds the master's pid, for init systems and people who want one.

In:     a path.
Out:    a file while the server runs.
Never:  trusts the file: what it names may have ended.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from penstock.server.errors import StartError


@contextlib.contextmanager
def hold_pid_file(path: str, predecessor_pid: int = 0) -> Iterator[None]:
    """Hold a file with our pid while serving.

    Args:
        path: empty = none.
        predecessor_pid: of a running server that we take over from: the file names it, and again if we fail.

    Raises:
        StartError: the file cannot be written, or a running process is named in it.
    """
    if not path:
        yield
        return
    file = Path(path)
    _refuse_running(file, predecessor_pid)
    try:
        file.write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise StartError(f"pid file {path!r}: {error.strerror}; expected a writable place") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            if int(file.read_text()) == os.getpid():
                _give_back(file, predecessor_pid)


def _give_back(file: Path, predecessor_pid: int) -> None:
    """Remove the file, or name the predecessor again: as our parent it is still the server."""
    if predecessor_pid and os.getppid() == predecessor_pid:
        file.write_text(f"{predecessor_pid}\n")
    else:
        file.unlink()


def _refuse_running(file: Path, predecessor_pid: int) -> None:
    try:
        pid = int(file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return
    if pid not in (os.getpid(), predecessor_pid):
        raise StartError(
            f"pid file {str(file)!r} names process {pid}, which is running; expected no other server"
        )
