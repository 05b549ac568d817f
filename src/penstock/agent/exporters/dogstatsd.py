"""DogStatsD out: all metrics to a Datadog agent, each 10 s, on a thread of its own.

A datagram that the receiver does not take (it is away, its queue is full) is counted, and what it said of
counters is said again 10 s later. UDP tells only sometimes that nobody listens: what was lost so is lost.

In:     the gatherer; an address.
Out:    datagrams.
Never:  makes the loop wait; waits itself for more than 2 s a time.

Rules:  1,432 bytes a UDP datagram, which no Ethernet cuts, and 8,192 a Unix one: what Datadog's clients send.
"""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.exporters.dogstatsd_lines import Line, LineMaker
from penstock.agent.metrics.family import Family
from penstock.agent.watch import Notice

if TYPE_CHECKING:
    from penstock.agent.dogstatsd.address import DatagramAddress

EVERY_S: Final = 10.0
_PATIENCE_S: Final = 2.0
_MAX_UDP_BYTES: Final = 1432
_MAX_UNIX_BYTES: Final = 8192


class DogStatsDOut:
    """The station.

    Args:
        address: of the Datadog agent.
        gather: returns all families; called on the exporter's thread.
    """

    name = "dogstatsd_out"

    def __init__(self, address: "DatagramAddress", gather: Callable[[], Sequence[Family]]) -> None:
        self._address = address
        self._gather = gather
        self._maker = LineMaker()
        self._max_bytes = _MAX_UNIX_BYTES if address.family == socket.AF_UNIX else _MAX_UDP_BYTES
        self._counts = {"lines": 0, "datagrams": 0, "refused_datagrams": 0, "long_lines": 0, "failures": 0}
        self._trouble = ""
        self._notices: list[Notice] = []
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dogstatsd-out", daemon=True)

    # A station's duties

    def tick(self, _now_s: float) -> None:
        """Its thread has a clock of its own; it starts with the first tick."""
        if not self._thread.ident and not self._is_ending.is_set():
            self._thread.start()

    def close(self) -> None:
        """Send what was counted last, and end."""
        self._is_ending.set()
        if self._thread.ident:
            self._thread.join(_PATIENCE_S + 1)

    def take_notices(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def report(self) -> Mapping[str, int | float | str]:
        """Return what went out and what did not."""
        return {
            **self._counts,
            "to": str(self._address),
            **({"trouble": self._trouble} if self._trouble else {}),
        }

    # The thread

    def _run(self) -> None:
        is_last = False
        while True:
            try:
                self.send()
            except Exception as error:  # noqa: BLE001 - a fault of ours costs one sending, not the thread
                self._counts["failures"] += 1
                self._note(f"{type(error).__name__}: {error}")
            if is_last:
                return
            is_last = self._is_ending.wait(EVERY_S)

    def send(self) -> None:
        """Send everything once; what does not leave is counted."""
        lines = self._maker.lines(self._gather())
        datagrams = list(self._pack(lines))
        try:
            with self._connected() as sock:
                trouble = self._send_all(sock, datagrams)
        except OSError as error:
            self._counts["refused_datagrams"] += len(datagrams)
            trouble = str(error.strerror or error).lower()
        self._note(trouble)

    def _send_all(self, sock: socket.socket, datagrams: Sequence[Sequence[Line]]) -> str:
        """Send datagrams for 2 s at most; return why the rest did not leave, or nothing."""
        deadline_s = time.monotonic() + _PATIENCE_S
        trouble = ""
        for datagram in datagrams:
            sock.settimeout(max(deadline_s - time.monotonic(), 0.001))
            try:
                sock.send(b"\n".join([line.text for line in datagram]))
            except OSError as error:
                self._counts["refused_datagrams"] += 1
                trouble = str(error.strerror or error).lower()
            else:
                self._counts["datagrams"] += 1
                self._counts["lines"] += len(datagram)
                self._maker.note_sent(datagram)
        return trouble

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        """A new socket each time: the receiver may have been replaced."""
        with socket.socket(self._address.family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(self._address.place)
            yield sock

    def _pack(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Yield datagrams: as many lines as fit."""
        datagram: list[Line] = []
        size = 0
        for line in lines:
            if len(line.text) > self._max_bytes:
                self._counts["long_lines"] += 1
                continue
            if datagram and size + len(line.text) > self._max_bytes:
                yield datagram
                datagram, size = [], 0
            datagram.append(line)
            size += len(line.text) + 1
        if datagram:
            yield datagram

    def _note(self, trouble: str) -> None:
        """Say a trouble when it begins and when it is over."""
        before, self._trouble = self._trouble, trouble
        if trouble and not before:
            message = f"dogstatsd_out: {self._address} does not take what is sent: {trouble}"
            self._notices.append(Notice(logging.ERROR, message))
        elif before and not trouble:
            self._notices.append(Notice(logging.WARNING, f"dogstatsd_out: {self._address} takes it again"))
