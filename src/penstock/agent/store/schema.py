"""The store's file: its tables, and whether a file is one of ours.

    about     one row: the moment up to which it was written (timeline.py)
    series    a metric's name, kind and labels
    point     its value each 10 s and each minute
    trace     kept traces, whole
    fault     groups of exceptions, an example each

A file of ours that is damaged, or of a version that is not known, is put aside as PATH.old (over an older
one) and begun anew: it holds hours, not history. A file that is not ours is never touched.

In:     a path.
Out:    a connection that may be written to, or read from.
Never:  renames or writes a file without our mark in it.

Rules:  sqlite.org/pragma.html (application_id, user_version, journal_mode, auto_vacuum), fileformat.html.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

APPLICATION_ID: Final = 0x50454E53  # "PENS", at offset 68 of the file
VERSION: Final = 1
# A reader or another agent may hold the file for a moment; the writer is no thread that anybody waits for.
_BUSY_S: Final = 2.0
_HEADER: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100
_ID_AT: Final = 68

_TABLES: Final = """
CREATE TABLE about (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position_s REAL NOT NULL, boot_id TEXT NOT NULL, boot_s REAL NOT NULL, wall_s REAL NOT NULL
);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL, kind TEXT NOT NULL, labels TEXT NOT NULL, bounds TEXT NOT NULL,
    UNIQUE (name, labels, bounds, kind)
);
CREATE TABLE point (
    step_s INTEGER NOT NULL, at_s REAL NOT NULL, series INTEGER NOT NULL,
    value REAL NOT NULL, counts BLOB,
    PRIMARY KEY (step_s, at_s, series)
) WITHOUT ROWID;
CREATE TABLE trace (
    id TEXT NOT NULL, span TEXT NOT NULL, request TEXT NOT NULL,
    at_s REAL NOT NULL, duration_s REAL NOT NULL, is_error INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (id, span)
) WITHOUT ROWID;
CREATE INDEX trace_at ON trace (at_s);
CREATE TABLE fault (
    id TEXT PRIMARY KEY,
    application TEXT NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL, count INTEGER NOT NULL,
    first_s REAL NOT NULL, last_s REAL NOT NULL, example TEXT NOT NULL
);
CREATE INDEX fault_last ON fault (last_s);
"""


class StoreError(Exception):
    """The file cannot be used; the message says which and why."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the store, made anew where there is none or none that can be read.

    Raises:
        StoreError: the file is somebody else's.
        sqlite3.Error, OSError: it cannot be opened now: locked, a full disk, no permission.
    """
    if _is_foreign(path):
        raise StoreError(f"store {str(path)!r} is no store of Penstock's; expected one, or no file")
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise
    put_aside(path)
    return _open(path)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a store that an agent writes.

    Raises:
        StoreError: there is none, or none of this version.
    """
    if not path.exists():
        raise StoreError(f"store {str(path)!r}: there is no such file; expected one that an agent writes")
    if _is_foreign(path):
        raise StoreError(f"store {str(path)!r} is no store of Penstock's")
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        connection.execute("PRAGMA query_only = 1")
        version = _version(connection)
    except sqlite3.Error as error:
        raise StoreError(f"store {str(path)!r} cannot be read: {error}") from error
    if version != VERSION:
        connection.close()
        raise StoreError(f"store {str(path)!r} has version {version}; expected {VERSION}")
    return connection


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether an error means that the file itself is broken, and not that it cannot be had now."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def file_of(path: Path) -> tuple[int, int] | None:
    """Return device and inode of what stands at a path now; None = nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def put_aside(path: Path) -> None:
    """Rename the file to PATH.old; its journal goes with it."""
    path.replace(f"{path}.old")
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{ending}").unlink()


def _open(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        version = _version(connection)
        if version not in {0, VERSION}:  # another release's: a later one may come back to it
            connection.close()
            put_aside(path)
            connection = _connect(path)
            version = 0
        _set_up(connection, is_new=version == 0)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    """Connect; a file that is made is not everybody's to read: it holds request lines and stacks."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    return sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)


def _set_up(connection: sqlite3.Connection, *, is_new: bool) -> None:
    """Make the tables, then begin the write-ahead log: so our mark is in the file itself from the start."""
    if is_new:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {VERSION}; COMMIT;"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    # A power cut loses the last seconds and never the file (sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 4194304")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_foreign(path: Path) -> bool:
    """Whether a file is there that is not ours; an empty one is nobody's. A fifo would be waited for."""
    if not path.is_file():
        return path.exists()
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    is_ours = head.startswith(_HEADER) and head[_ID_AT : _ID_AT + 4] == APPLICATION_ID.to_bytes(4, "big")
    return bool(head) and not is_ours
