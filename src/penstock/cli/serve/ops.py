"""The ops port's listener: opened before the server starts, it outlives every agent that answers there.

In:     its address, user and group of the workers.
Out:    a listener, or None where no port is asked for.
Never:  answers (agent/ops does).
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from penstock.config import ServerConfig
from penstock.server.address import UnixAddress, parse_address
from penstock.server.listener import Listener, open_listeners
from penstock.server.process import parse_identity

# Connections wait here only while the agent starts anew.
OPS_BACKLOG: Final = 128


@contextlib.contextmanager
def open_ops(
    server: ServerConfig, inherited: Mapping[str, int] = MappingProxyType({})
) -> Iterator[Listener | None]:
    """Hold the ops port's listener, where one is asked for.

    A Unix socket there is for user and group of the workers: unlike the site it is nobody else's business.

    Raises:
        StartError: the address cannot be listened on.
    """
    if not server.ops:
        yield None
        return
    address = parse_address(server.ops)
    identity = parse_identity(server.user, server.group, server.umask)
    mode = 0o660 & ~(identity.umask or 0)
    (listener,) = open_listeners([address], OPS_BACKLOG, mode, inherited)
    try:
        if isinstance(address, UnixAddress):
            os.chown(address.path, _or_same(identity.uid), _or_same(identity.gid))
        yield listener
    finally:
        listener.close(unlink=True)


def _or_same(number: int | None) -> int:
    """Return an id as chown(2) takes it: -1 leaves what is."""
    return -1 if number is None else number
