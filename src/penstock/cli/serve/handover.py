"""The command line's part of USR2: starting this command again, and finding what its predecessor left.

In:     the words and the folder that this process was started with; one variable of the environment.
Out:    the same command in a new program; an Inheritance.
Never:  believes a variable that another process than our parent, dead or alive, has set for us.
"""

import json
import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final

from penstock.server.master.handover import Exec, Inheritance

# Not PENSTOCK_...: those are options.
VARIABLE: Final = "_PENSTOCK_HANDOVER"


def take_inheritance(environment: MutableMapping[str, str], parent_pid: int) -> Inheritance | None:
    """Return what the old program left; the variable is taken away: children of ours are not meant."""
    text = environment.pop(VARIABLE, "")
    if not text:
        return None
    try:
        left = json.loads(text)
        sockets = {str(address): int(fd) for address, fd in left["sockets"].items()}
        found = Inheritance(sockets, int(left["channel"]), int(left["pid"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    # One that was killed meanwhile cannot go on: then it is up to us.
    is_meant = found.predecessor_pid == parent_pid or not _is_alive(found.predecessor_pid)
    return found if is_meant else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def make_exec(folder: Path) -> Exec:
    """Return what replaces a child of the master by this command, begun anew in `folder`."""

    def execute(sockets: Mapping[str, int], channel_fd: int) -> None:
        left = {"sockets": dict(sockets), "channel": channel_fd, "pid": os.getppid()}
        environment = os.environ | {VARIABLE: json.dumps(left)}
        for name in ("LISTEN_PID", "WATCHDOG_PID"):  # what a service manager meant for us is meant for it
            if environment.get(name) == str(os.getppid()):
                environment[name] = str(os.getpid())
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - our own words

    return execute
