"""Which of the running servers is meant: all that we may see, the one that was named, or that of this folder.

In:     what --pid and --pid-file say; servers that were found, and where /proc says that each of them stands.
Out:    one of them, or several.
Never:  looks for servers, or asks one anything.
"""

from collections.abc import Sequence
from pathlib import Path

from penstock.cli.error import CommandError
from penstock.cli.text import safe_lines
from penstock.config import ConfigError
from penstock.telemetry import FoundMaster


def wanted_pid(pid: str | None, pid_file: str | None) -> int | None:
    """Return the pid of the server that was asked for; None = all.

    Raises:
        ConfigError: the word, or what the file holds, is no pid.
        CommandError: the file cannot be read.
    """
    if pid_file:
        try:
            pid = Path(pid_file).read_text(encoding="ascii", errors="replace").strip()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CommandError(f"cannot read the pid file {pid_file!r}: {reason}") from None
    if pid is None:
        return None
    if not (pid.isascii() and pid.isdigit() and len(pid) <= 10):
        raise ConfigError(f"pid {pid!r}; expected a number", "")
    return int(pid)


def choose(masters: Sequence[FoundMaster], pid: int | None) -> list[FoundMaster]:
    """Return the servers to show.

    Raises:
        CommandError: none is running that we may see, or not this one.
    """
    if not masters:
        raise CommandError("no running server found; those of other users are shown to root only")
    chosen = [master for master in masters if pid is None or pid == master.pid]
    if not chosen:
        raise CommandError(f"no server with pid {pid}; running: {list_servers(masters)}")
    return chosen


def choose_one(masters: list[FoundMaster], pid: int | None) -> FoundMaster:
    """Return the server that is meant: of several, the one that runs in the current folder.

    Raises:
        CommandError: there is none, or it was not said which.
    """
    found = choose(masters, pid)
    meant = found if len(found) == 1 else [master for master in found if _is_here(master)]
    if len(meant) != 1:
        raise CommandError(f"several servers are running: {list_servers(found)}; say which with --pid")
    return meant[0]


def _is_here(master: FoundMaster) -> bool:
    try:
        return Path(f"/proc/{master.pid}/cwd").samefile(Path.cwd())
    except OSError:  # it has gone, or is not ours to look at
        return False


def list_servers(masters: Sequence[FoundMaster]) -> str:
    """Return the servers for a message; a process that holds the memory of many servers is named once."""
    return ", ".join(dict.fromkeys(name_server(master.pid) for master in masters))


def name_server(pid: int) -> str:
    """Return `PID in FOLDER`: people know a server by its folder; the pid alone where we may not see that."""
    try:
        folder = Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return str(pid)
    return f"{pid} in {' '.join(safe_lines(str(folder)))}"
