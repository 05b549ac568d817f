"""A worker's first request, which it sends to itself: what the first client would wait for is done by then.

It takes the way of any request, through a pair of sockets instead of a listener, so that it fills the caches
that requests fill, is under the same deadline and stands in the access log, from 127.0.0.1.

In:     the reception of a worker whose loop runs and which accepts nobody yet.
Out:    the status line of the answer.
Never:  judges the answer beyond its status: a redirect or a 404 has warmed what it touched.
"""

import re
import select
import socket
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Final

from penstock.server.worker.connection import Connection
from penstock.server.worker.reception import NS, Reception

PEER: Final = ("127.0.0.1", "0")
# The deadline of the request is the loop's; this one is for a loop that does not turn.
GRACE_S: Final = 5.0
# How long a worker that is told to stop meanwhile may wait for an answer that nobody will give.
LOOK_S: Final = 0.05
_SUCCESS: Final = re.compile(r"HTTP/1\.[01] [1-4][0-9][0-9]( |$)")


def warm_up(reception: Reception, environ: dict[str, Any], path: str, timeout_s: float) -> str:
    """Ask for `path` and return the status line; empty = there was none in time, or the loop has ended.

    Args:
        reception: its loop is turning.
        environ: what every request of the connection starts from (`connection_environ`).
        path: with query, as in a request line.
        timeout_s: how long a request may take.
    """
    give_up_ns = monotonic_ns() + int((timeout_s + GRACE_S) * NS)
    ours, theirs = socket.socketpair()
    with ours:
        reception.loop.order(lambda: _receive(reception, environ, theirs))
        try:
            ours.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: penstock-warmup\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            return _read_status_line(ours, lambda: reception.loop.is_stopped or monotonic_ns() > give_up_ns)
        except OSError:  # it was cut
            return ""


def is_failure(status_line: str) -> bool:
    """Whether the application has failed: no answer, or a status of 500 and above."""
    return _SUCCESS.match(status_line) is None


def _receive(reception: Reception, environ: dict[str, Any], sock: socket.socket) -> None:
    """Be the connection's other end (on the loop)."""
    sock.setblocking(False)
    reception.connections.add(Connection(sock, PEER[0], environ, reception, monotonic_ns()))


def _read_status_line(sock: socket.socket, is_over: Callable[[], bool]) -> str:
    """Read the answer to its end; return its first line, empty if all is over before."""
    answer = b""
    while True:
        while not select.select([sock], [], [], LOOK_S)[0]:
            if is_over():
                return ""
        piece = sock.recv(65536)
        if not piece:
            return answer.split(b"\r\n", 1)[0].decode("latin-1")
        answer = answer or piece
