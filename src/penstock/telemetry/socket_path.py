"""The place of a Unix socket in the file system, where a process that died has left its own.

The kernel keeps the file of a socket when the last process that held it has gone, and bind(2) refuses the
name from then on. Connecting tells the two apart: nobody holds a socket that refuses.

In:     the path at which a socket is going to be bound; its type.
Out:    the path, free if nobody holds what stood there.
Never:  removes what is no socket, or what somebody listens on: bind(2) says so.

Rules:  unix(7); connect(2) on EAGAIN and ECONNREFUSED.
"""

import contextlib
import os
import socket
import stat
from pathlib import Path


def remove_stale_socket(path: str, kind: socket.SocketKind) -> None:
    """Remove a socket that nobody holds any more.

    Args:
        path: where.
        kind: its type; to a socket of another one the kernel connects nobody.

    Raises:
        OSError: it may not be looked at, connected to or removed, or somebody holds one of another type.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK) as probe:
        try:
            with contextlib.suppress(BlockingIOError):  # who listens there has a full queue
                probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
