"""What a service manager left in the environment: sockets that it opened, a place to report to, a watchdog.

In:     LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES; NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
Out:    passed sockets, a Notifier.
Never:  takes what was meant for another process: a shell between the manager and us has another pid.

Rules:  sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from penstock.config import ConfigError, ServerConfig
from penstock.server.master.notify import Notifier

_FIRST_FD: Final = 3
# Beyond the limit of descriptors of any process.
_MAX_FDS: Final = 1 << 20
# The name of a passed socket (FileDescriptorName=) that is the ops port's.
OPS_NAME: Final = "ops"


@dataclasses.dataclass(frozen=True, slots=True)
class PassedSocket:
    """A listening socket that the manager opened, and what it calls it."""

    fd: int
    name: str


def passed_sockets(environment: Mapping[str, str], pid: int) -> list[PassedSocket]:
    """Return the sockets that were passed to this process.

    Args:
        environment: the process's variables.
        pid: the process's.

    Raises:
        ConfigError: LISTEN_FDS is meant for us and no number.
    """
    if environment.get("LISTEN_PID") != str(pid):
        return []
    word = environment.get("LISTEN_FDS", "")
    if not (word.isascii() and word.isdigit() and int(word) < _MAX_FDS):
        raise ConfigError(f"LISTEN_FDS={word!r}; expected the number of passed sockets", "")
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    count = int(word)
    names += [""] * (count - len(names))
    return [PassedSocket(_FIRST_FD + place, names[place]) for place in range(count)]


def take_passed(server: ServerConfig, sockets: Sequence[PassedSocket], *, is_bound: bool) -> ServerConfig:
    """Return the options with the passed sockets in them, where nobody said anything else.

    Args:
        server: as configured.
        sockets: passed by the manager.
        is_bound: whether `bind` was configured: then it alone counts, and may name sockets as fd://N.
    """
    ops = [f"fd://{passed.fd}" for passed in sockets if passed.name == OPS_NAME]
    others = tuple(f"fd://{passed.fd}" for passed in sockets if passed.name != OPS_NAME)
    bind = others if others and not is_bound else server.bind
    return dataclasses.replace(server, bind=bind, ops=server.ops or (ops[0] if ops else ""))


def make_notifier(environment: Mapping[str, str], pid: int) -> Notifier:
    """Return who tells the manager; a silent one where there is none to tell.

    An address that is neither a path nor abstract (`vsock:` of a virtual machine) is nobody's here.
    WATCHDOG_USEC counts if WATCHDOG_PID is ours or nobody's.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return Notifier()
    word = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
    is_number = word.isascii() and word.isdigit() and len(word) < 19
    return Notifier(address, int(word) / 1_000_000 if is_ours and is_number else 0.0)
