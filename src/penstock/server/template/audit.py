"""What a fork of the imported application would break, and where it was started.

A thread does not live on in a fork, a connection would be spoken on by several processes at once, and SQLite
forbids to carry an open database across. So a template looks at itself before it forks, and names what it
finds so that somebody can move it into `on_worker_start`.

Threads of C libraries are counted after a trial fork: a library that ends its threads itself before a fork,
as OpenBLAS does below NumPy, is none to worry about.

In:     the process, and what Origins saw while the application was imported.
Out:    one sentence for each hazard.
Never:  closes or ends anything.

Rules:  fork(2), https://sqlite.org/howtocorrupt.html section 2.6.
Rejected: sys.addaudithook, which sees all of it but cannot be removed: each worker would pay for it.
"""

import contextlib
import functools
import gc
import os
import socket
import stat
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

# Frames that say nothing of who asked: the import system, the standard library's own, ours.
_NOT_TELLING: Final = (f"{Path(os.__file__).parent}/", f"{Path(__file__).parent}/", "<frozen ")
_PACKAGES: Final = ("site-packages", "dist-packages")


def can_look() -> bool:
    """Whether this process can see its own threads and descriptors; not in a chroot without /proc."""
    return Path("/proc/self/fd").is_dir()


class Origins:
    """Notes, while it is entered, where threads are started and connections are made.

    Attributes:
        threads: place by thread.
        sockets: place by descriptor.
        databases: place by id of the connection object.
        inherited: inode by descriptor of what was open before.
    """

    def __init__(self) -> None:
        self.threads: dict[int, str] = {}
        self.sockets: dict[int, str] = {}
        self.databases: dict[int, str] = {}
        self.inherited: dict[int, int] = {}
        self._undo = contextlib.ExitStack()
        self._is_noting = False

    def __enter__(self) -> Self:
        """Begin to take notes."""
        self._is_noting = True
        self.inherited = {fd: status.st_ino for fd, status in _open_descriptors()}
        self._wrap(threading.Thread, "start", lambda thread, _: self._note(self.threads, id(thread)))
        for name in ("connect", "connect_ex"):
            self._wrap(socket.socket, name, lambda sock, _: self._note(self.sockets, sock.fileno()))
        for module in _sqlite_modules():
            self._wrap(module, "connect", lambda _, made: self._note(self.databases, id(made)))
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more notes, and leave everything as it was, or as the application has made it."""
        self._is_noting = False
        self._undo.close()

    def _wrap(self, owner: Any, name: str, note: Callable[[Any, Any], None]) -> None:
        original = getattr(owner, name)
        is_own = name in vars(owner)

        @functools.wraps(original)
        def noted(*arguments: Any, **keywords: Any) -> Any:
            result = original(*arguments, **keywords)
            if self._is_noting:
                note(arguments[0] if arguments else None, result)
            return result

        def restore() -> None:
            if vars(owner).get(name) is not noted:
                return  # the application has wrapped it in turn (tracers do): what it put there stays
            setattr(owner, name, original) if is_own else delattr(owner, name)

        setattr(owner, name, noted)
        self._undo.callback(restore)

    @staticmethod
    def _note(places: dict[int, str], key: int) -> None:
        places[key] = _place(sys._getframe(2))


def find_hazards(origins: Origins) -> list[str]:
    """Return a sentence for each thing that would not survive a fork; `origins` has been left."""
    return [*_threads(origins), *_native_threads(), *_sockets(origins), *_databases(origins)]


def _threads(origins: Origins) -> Iterator[str]:
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            yield f"thread {thread.name!r}{_from(origins.threads.get(id(thread)))}"


def _native_threads() -> Iterator[str]:
    """Threads that Python did not start."""
    _fork_on_trial()
    # The main thread by its pid: before 3.13 a forked one keeps the native id of its parent's.
    known = {os.getpid(), *(thread.native_id for thread in threading.enumerate())}
    for entry in Path("/proc/self/task").iterdir():
        if int(entry.name) not in known:
            with contextlib.suppress(OSError):  # it has just ended
                yield f"thread {(entry / 'comm').read_text().strip()!r} of a C library"


def _fork_on_trial() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads: that is what we look for
        pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _open_descriptors() -> Iterator[tuple[int, os.stat_result]]:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists
            yield int(entry.name), os.fstat(int(entry.name))


def _sockets(origins: Origins) -> Iterator[str]:
    for fd, status in _open_descriptors():
        if stat.S_ISSOCK(status.st_mode) and origins.inherited.get(fd) != status.st_ino:
            peer = _peer(fd)
            if peer:
                yield f"connection to {peer}{_from(origins.sockets.get(fd))}"


def _peer(fd: int) -> str:
    """Return who is at the other end of a connection; empty for datagrams, which any process may send."""
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            if sock.type == socket.SOCK_DGRAM:
                return ""
            address = sock.getpeername()
    except OSError:  # it listens, or is not connected
        return ""
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    text = address.decode("utf-8", "replace") if isinstance(address, bytes) else address
    return f"unix:{text}" if text else "a socket without a name"


def _databases(origins: Origins) -> Iterator[str]:
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is None:
        return
    for found in gc.get_objects():
        # Not isinstance, which asks the object itself: a lazy one (Django's) would set itself up, or fail.
        if issubclass(type(found), sqlite3.Connection) and _is_open(found, sqlite3.ProgrammingError):
            yield f"open SQLite database {_file_of(found)!r}{_from(origins.databases.get(id(found)))}"


def _is_open(connection: Any, closed: type[Exception]) -> bool:
    try:
        connection.total_changes  # noqa: B018 - raises if it is closed
    except closed as error:
        return "closed" not in str(error)  # else it belongs to a thread
    return True


def _file_of(connection: Any) -> str:
    with contextlib.suppress(Exception):  # it belongs to a thread, or is locked
        for _, _, file in connection.execute("PRAGMA database_list"):
            return str(file) or ":memory:"
    return "?"


def _sqlite_modules() -> list[ModuleType]:
    """Both modules under whose name people call `connect`."""
    with contextlib.suppress(ImportError):  # some builds of Python have no SQLite
        import sqlite3.dbapi2  # noqa: PLC0415 - in a template only

        return [sqlite3, sqlite3.dbapi2]
    return []


def _from(place: str | None) -> str:
    return f" (from {place})" if place else ""


def _place(frame: Any) -> str:
    """Return `file:line` of the innermost frame that is the application's, or a package's it uses."""
    for file, line in ((f.f_code.co_filename, number) for f, number in traceback.walk_stack(frame)):
        if any(part in file for part in _PACKAGES) or not file.startswith(_NOT_TELLING):
            return f"{file}:{line}"
    return ""
