"""Imports whose process is gone: killed, or lost with its machine's power.

Nothing of them was stored, but their file and their staged rows would lie there for ever. A process locks
the file that it imports; the lock goes with it, however it ends.

In:     imports that are not over, and whose file lies on this machine.
Out:    `locked(file)`, which the process of an import holds; the imports that nobody works on.
Never:  takes an import for abandoned that has just been uploaded: its process is about to start.
"""

import contextlib
import datetime as dt
import fcntl
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from penstock.web import db
from spc.imports.start import file_of
from spc.models import Import, ImportState, now

START_S = 60  # in which a process starts, whatever else the machine does
OVER = (ImportState.DONE, ImportState.REFUSED)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of an import's file; the value is False if somebody else does, or there is no file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def abandoned_imports() -> list[int]:
    """Return the numbers of imports that nobody works on any more."""
    before = now() - dt.timedelta(seconds=START_S)
    query = select(Import.id).where(Import.state.not_in(OVER), Import.moved_at < before).order_by(Import.id)
    return [number for number in db.session().scalars(query).all() if _is_free(file_of(number))]


def _is_free(path: Path) -> bool:
    with locked(path) as is_ours:
        return is_ours
