"""One attempt to deliver a message to a collector by HTTP, and what became of it.

In:     a collector's address, a path, a message.
Out:    Delivery: taken, to be tried again (and when), or refused for good.
Never:  raises, follows a redirect, reads more of an answer than it needs.

Rules:  OTLP 1.x, "OTLP/HTTP Response" (which statuses are tried again); RFC 9110 section 10.2.3
        (Retry-After).
"""

import contextlib
import dataclasses
import email.utils
import enum
import gzip
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from penstock import __version__
from penstock.agent.exporters.address import CollectorAddress

_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
_MAX_ANSWER_BYTES: Final = 65_536
_MAX_WAIT_S: Final = 300.0


class Verdict(enum.Enum):
    """What became of an attempt."""

    TAKEN = "taken"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt.

    Attributes:
        verdict: see there.
        reason: for the log, where it was not taken.
        answer: what the collector said, where it took it.
        wait_s: how long it asks to be left alone; 0 = it does not say.
    """

    verdict: Verdict
    reason: str = ""
    answer: bytes = b""
    wait_s: float = 0.0


class Collector:
    """The collector, over one connection that is kept while it works. One thread.

    Args:
        address: where it is.
        timeout_s: how long it may take to connect, to take a piece and to answer.
        wall_s: seconds since 1970, for a Retry-After that names a moment.
    """

    def __init__(
        self, address: CollectorAddress, timeout_s: float, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._wall_s = wall_s
        self._connection: http.client.HTTPConnection | None = None

    def deliver(self, path: str, message: bytes) -> Delivery:
        """Send a protobuf message, compressed, and wait for the answer."""
        body = gzip.compress(message, 5)
        is_kept = self._connection is not None
        delivery = self._attempt(path, body)
        if is_kept and delivery.verdict is Verdict.TRY_AGAIN and self._connection is None:
            # Most likely it had closed the kept connection while nothing was sent.
            delivery = self._attempt(path, body)
        return delivery

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _attempt(self, path: str, body: bytes) -> Delivery:
        try:
            if self._connection is None:
                self._connection = self._connect()
            connection = self._connection
            connection.request("POST", self._address.path + path, body, self._fields())
            with _cut_after(connection.sock, self._timeout_s) as has_been_cut:
                response = connection.getresponse()
                answer = response.read(_MAX_ANSWER_BYTES)
            if has_been_cut.is_set():  # half an answer looks like a whole one
                self.close()
                return Delivery(Verdict.TRY_AGAIN, f"no whole answer in {self._timeout_s:.1f} s")
            if response.will_close or not response.isclosed():
                self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return Delivery(Verdict.TRY_AGAIN, f"{type(error).__name__}: {error}")
        return self._judge(response, answer)

    def _connect(self) -> http.client.HTTPConnection:
        address = self._address
        if address.is_secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                address.host, address.port, timeout=self._timeout_s, context=context
            )
        return http.client.HTTPConnection(address.host, address.port, timeout=self._timeout_s)

    def _fields(self) -> dict[str, str]:
        return {
            **self._address.fields,
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
            "User-Agent": f"penstock/{__version__}",
        }

    def _judge(self, response: http.client.HTTPResponse, answer: bytes) -> Delivery:
        status = response.status
        if 200 <= status < 300:
            return Delivery(Verdict.TAKEN, answer=answer)
        reason = f"status {status} {response.reason[:100]}"
        if status in _TRY_AGAIN:
            wait_s = retry_after_s(response.getheader("Retry-After", ""), self._wall_s())
            return Delivery(Verdict.TRY_AGAIN, reason, wait_s=wait_s)
        return Delivery(Verdict.REFUSED, reason)


@contextlib.contextmanager
def _cut_after(sock: socket.socket, limit_s: float) -> Iterator[threading.Event]:
    """Cut a connection whose answer is not whole in time.

    The timeout of a socket begins anew with each piece: who sends a byte now and then would hold us for ever.

    Yields:
        Set when it was cut.
    """
    has_been_cut = threading.Event()
    with socket.socket(fileno=os.dup(sock.fileno())) as same:
        timer = threading.Timer(limit_s, _cut, (same, has_been_cut))
        timer.daemon = True
        timer.start()
        try:
            yield has_been_cut
        finally:
            timer.cancel()
            timer.join()


def _cut(sock: socket.socket, has_been_cut: threading.Event) -> None:
    has_been_cut.set()
    with contextlib.suppress(OSError):  # it has gone by itself
        sock.shutdown(socket.SHUT_RDWR)


def retry_after_s(value: str, wall_s: float) -> float:
    """Seconds that a Retry-After field asks for, 300 at most; 0 where it is missing or malformed."""
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), _MAX_WAIT_S))
    try:
        moment = email.utils.parsedate_to_datetime(value)
        ahead_s = moment.timestamp() - wall_s
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(ahead_s, 0.0), _MAX_WAIT_S)
