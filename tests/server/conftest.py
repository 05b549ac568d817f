"""A whole worker's inside in the test process: a real loop, reception and pool on a loopback listener.

Only telemetry is a fake: it remembers what it was told.  At the end of each test everything has
to be gone: connections, threads, descriptors.
"""

import collections
import dataclasses
import gc
import logging
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from wsgiref.types import WSGIApplication

import pytest

from penstock.config import ProtocolConfig, ServerConfig, WSGIConfig
from penstock.server.address import TCPAddress
from penstock.server.listener import Listener, open_listeners
from penstock.server.process import RESET_SIGNALS
from penstock.server.worker.connection import Connection
from penstock.server.worker.lanes import Lanes
from penstock.server.worker.loop import Loop
from penstock.server.worker.phase import Phase
from penstock.server.worker.reception import Reception
from penstock.telemetry import NEVER_SLOW, FinishedRequest, Outcome, RequestTrace, Threshold

PATIENCE_S = 30.0  # costs nothing when all is well, and a busy machine may need it
NS = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Access:
    """What an access record would hold."""

    line: bytes
    status: int
    outcome: Outcome
    lane: int
    thread: int
    sent_bytes: int
    received_bytes: int
    times_ns: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What a record of a refused request would hold."""

    status: int
    line: bytes
    peer: str
    reason: str


class FakeRecorder:
    """Telemetry that remembers values, never an exchange: that would hide a leak."""

    def __init__(self) -> None:
        self.accesses: list[Access] = []
        self.refusals: list[Refusal] = []
        self.inside: set[int] = set()
        self.peak_inside = 0
        self.connections = 0
        self.queued = 0
        self.shares = [0]
        self.extended: dict[int, int] = {}
        self.answered_threads: list[int] = []
        self.interrupted_threads: list[int] = []
        self.beat_count = 0

    def connections_by_worker(self) -> list[int]:
        """Return what the test says that the workers have."""
        return self.shares

    def set_connections(self, current_count: int) -> None:
        self.connections = current_count

    def set_queued(self, current_count: int) -> None:
        self.queued = current_count

    def enter(
        self, thread: int, now_ns: int, line: bytes, request_id: str = "", trace: RequestTrace | None = None
    ) -> None:
        assert now_ns
        assert line
        self.inside.add(thread)
        self.peak_inside = max(self.peak_inside, len(self.inside))

    def leave(self, thread: int) -> None:
        self.inside.discard(thread)

    def extend(self, thread: int, deadline_ns: int) -> None:
        self.extended[thread] = deadline_ns

    def answered(self, thread: int) -> None:
        self.answered_threads.append(thread)

    def interrupted(self, thread: int) -> None:
        self.interrupted_threads.append(thread)

    def beat(self, now_ns: int) -> None:
        assert now_ns
        self.beat_count += 1

    def access(self, exchange: FinishedRequest, threshold: Threshold = NEVER_SLOW) -> None:
        times_ns = (
            exchange.first_byte_ns,
            exchange.head_ns,
            exchange.body_ns,
            exchange.start_ns,
            exchange.response_ns,
            exchange.end_ns,
            exchange.last_byte_ns,
        )
        self.accesses.append(
            Access(
                exchange.line,
                exchange.status_code,
                exchange.outcome,
                exchange.lane,
                exchange.thread,
                exchange.sent_bytes,
                exchange.received_bytes,
                times_ns,
            )
        )

    def refused(self, *, status: int, line: bytes, peer: str, now_ns: int, reason: str, **_more: Any) -> None:
        assert now_ns
        self.refusals.append(Refusal(status, line, peer, reason))


@dataclasses.dataclass(frozen=True)
class Answer:
    """One response as it came."""

    head: bytes
    body: bytes
    is_whole: bool

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def wire(self) -> bytes:
        return self.head + b"\r\n\r\n" + self.body

    def field(self, name: str) -> str | None:
        found = re.search(rb"(?im)^%b:[ \t]*(.*?)\r?$" % name.encode(), self.head)
        return found[1].decode("latin-1") if found else None


class Client:
    """A raw socket that can read responses."""

    def __init__(self, address: tuple[str, int], receive_buffer_bytes: int = 0) -> None:
        self.sock = socket.socket()
        if receive_buffer_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(address)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def ask(self, path: str = "/", *fields: str, method: str = "GET", body: bytes = b"") -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def get(self, path: str = "/", *fields: str) -> Answer:
        """Send a request and read its response."""
        self.ask(path, *fields)
        return self.answer()

    def answer(self, method: str = "GET") -> Answer:
        """Read one response."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return Answer(self._take(len(self._buffer)), b"", is_whole=False)
        head = self._take(self._buffer.index(b"\r\n\r\n"))
        self._take(4)
        answer = Answer(head, b"", is_whole=True)
        if answer.status < 200 or answer.status in (204, 304) or method == "HEAD":
            return answer
        if answer.field("Transfer-Encoding") == "chunked":
            return self._chunked(head)
        length = answer.field("Content-Length")
        if length is None:
            return Answer(head, self.rest(), is_whole=True)
        while len(self._buffer) < int(length):
            if not self._more():
                return Answer(head, self._take(len(self._buffer)), is_whole=False)
        return Answer(head, self._take(int(length)), is_whole=True)

    def rest(self) -> bytes:
        """Read until the server closes."""
        while self._more():
            pass
        return self._take(len(self._buffer))

    def half_close(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close so that the server sees a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def _chunked(self, head: bytes) -> Answer:
        body = b""
        while True:
            while b"\r\n" not in self._buffer:
                if not self._more():
                    return Answer(head, body, is_whole=False)
            size = int(self._take(self._buffer.index(b"\r\n")), 16)
            while len(self._buffer) < size + 4:
                if not self._more():
                    return Answer(head, body + self._take(len(self._buffer))[2:], is_whole=False)
            self._take(2)
            body += self._take(size)
            self._take(2)
            if not size:
                return Answer(head, body, is_whole=True)

    def _more(self) -> bool:
        data = self.sock.recv(1 << 16)
        self._buffer += data
        return bool(data)

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


def hello(environ, start_response):
    """Answer in one piece."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


class Gate:
    """Where an application waits until the test lets it go on."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)
        self._opened = threading.Event()

    def wait(self) -> None:
        """Wait here (application)."""
        self._arrived.release()
        assert self._opened.wait(4 * PATIENCE_S)

    def wait_arrival(self) -> None:
        """Return when one more call waits here (test)."""
        assert self._arrived.acquire(timeout=PATIENCE_S)

    def open(self) -> None:
        self._opened.set()


class Rig:
    """One worker without its process."""

    def __init__(
        self,
        application: WSGIApplication = hello,
        *,
        protocol: ProtocolConfig | None = None,
        wsgi: WSGIConfig | None = None,
        shares: Sequence[int] = (0,),
        listener: Listener | None = None,
        **server: Any,
    ) -> None:
        config = ServerConfig(**{"threads": 2, **server})
        (self.listener,) = [listener] if listener else open_listeners([TCPAddress("127.0.0.1", 0)], 128)
        self.recorder = FakeRecorder()
        self.recorder.shares = list(shares)
        lanes = Lanes(is_automatic=config.lanes == "auto")
        self.loop = Loop(self._call, self.recorder, config.threads, lanes)  # type: ignore[arg-type]
        self.reception = Reception(
            self.loop,
            [self.listener],
            server=config,
            protocol=protocol or ProtocolConfig(),
            wsgi=wsgi or WSGIConfig(),
        )
        self.clients: list[Client] = []
        self._application = application
        self._gates: dict[str, Gate] = {}
        self.watcher = threading.Thread(target=self.loop.watcher.watch, daemon=True)

    def start(self) -> None:
        self.reception.open()
        self.loop.pool.start(self.loop)
        self.watcher.start()

    def connect(self, receive_buffer_bytes: int = 0) -> Client:
        client = Client(self.listener.sock.getsockname(), receive_buffer_bytes)
        self.clients.append(client)
        return client

    def gate(self, path: str = "/slow") -> Gate:
        """Return a gate at which every call of `path` waits before it begins."""
        gate = self._gates[path] = Gate()
        return gate

    def make_inline(self, path: str = "/", method: str = "GET") -> None:
        """Let a shape run on the loop's thread, as after many quick runs."""
        self.on_loop(lambda: setattr(self.loop.lanes.choose(method, path), "is_inline", True))

    def on_loop(self, call: Callable[[], Any]) -> Any:
        """Run `call` on the thread that owns the loop and return its result."""
        result: list[Any] = []
        done = threading.Event()

        def run() -> None:
            try:
                result.append(call())
            except BaseException as error:  # noqa: BLE001 - it belongs to the test
                result.append(error)
            done.set()

        self.loop.order(run)
        assert done.wait(PATIENCE_S), "the loop does not answer"
        if isinstance(result[0], BaseException):
            raise result[0]
        return result[0]

    def wait_until(self, is_so: Callable[[], Any]) -> None:
        """Return when `is_so()` is true on the loop's thread."""
        give_up_s = time.monotonic() + PATIENCE_S
        while not self.on_loop(is_so):
            assert time.monotonic() < give_up_s, "it never became so"

    def the_connection(self) -> Connection:
        """Return the only connection."""
        self.wait_until(lambda: len(self.reception.connections) == 1)
        (connection,) = self.reception.connections
        return connection

    def wait_phase(self, phase: Phase) -> Connection:
        """Return the only connection once it is in that phase."""
        connection = self.the_connection()
        self.wait_until(lambda: connection._phase is phase)
        return connection

    def expire(self, connection: Connection) -> None:
        """Let the deadline of a connection pass now."""

        def pass_deadline() -> None:
            connection.deadline_ns = connection._write_due_ns = 0
            connection.on_deadline()

        self.on_loop(pass_deadline)

    def wait_accesses(self, count: int) -> list[Access]:
        self.wait_until(lambda: len(self.recorder.accesses) >= count)
        return self.recorder.accesses

    def wait_empty(self) -> None:
        """Return when no connection is open and no request runs."""
        self.wait_until(lambda: not self.reception.connections and self.loop.is_quiet)

    def stop(self) -> None:
        for gate in self._gates.values():
            gate.open()
        for client in self.clients:
            client.close()
        self.loop.order(self._end)  # in vain if it has stopped by itself
        threads = [self.watcher, *self.loop.pool._threads]
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in threads), "a thread is left"
        assert not self.reception.connections
        assert set(self.loop.handlers) == {self.loop._wake_fd}
        self.loop.epoll.close()
        os.close(self.loop._wake_fd)
        self.listener.close()

    def _call(self, environ: dict[str, Any], start_response: Any) -> Any:
        gate = self._gates.get(environ["PATH_INFO"])
        if gate is not None:
            gate.wait()
        return self._application(environ, start_response)

    def _end(self) -> None:
        self.reception.cut()
        self.reception.close()
        self.loop.stop()


def open_descriptors() -> collections.Counter[str]:
    """Count what this process has open."""
    names = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:  # the one that lists
            continue
    return collections.Counter(re.sub(r"[0-9]+", "*", name) for name in names)


@pytest.fixture
def keep_process() -> Iterator[None]:
    """Give back what a master or worker takes of its process: signals, log handlers, the switch interval."""
    handlers = {number: signal.getsignal(number) for number in RESET_SIGNALS}
    root, ours = logging.getLogger(), logging.getLogger("penstock")
    log_handlers, level = list(root.handlers), ours.level
    switch_interval_s = sys.getswitchinterval()
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    root.handlers[:] = log_handlers
    ours.setLevel(level)
    sys.setswitchinterval(switch_interval_s)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Start a rig: `serve(application, threads=2, ...)`; options are those of ServerConfig."""
    rigs: list[Rig] = []
    failures: list[int] = []
    switch_interval_s = sys.getswitchinterval()
    threads = set(threading.enumerate())
    descriptors = open_descriptors()

    def fail(status: int) -> None:
        failures.append(status)
        raise SystemExit(status)

    def start(application: WSGIApplication = hello, **options: Any) -> Rig:
        rig = Rig(application, **options)
        rigs.append(rig)
        rig.start()
        return rig

    monkeypatch.setattr(os, "_exit", fail)  # what a loop that failed does to its worker
    logging.getLogger("penstock").setLevel(logging.INFO)
    yield start
    for rig in rigs:
        rig.stop()
    sys.setswitchinterval(switch_interval_s)
    assert not failures, "the loop failed"
    assert set(threading.enumerate()) == threads
    assert not open_descriptors() - descriptors, "a descriptor is left"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Take back what a master or a worker did to logging here: its handler holds the shared memory."""
    hooks = sys.excepthook, threading.excepthook
    handlers = logging.getLogger().handlers[:]
    yield
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="module", autouse=True)
def _no_memory_left() -> Iterator[None]:
    """Let go of every shared memory: `penstock status` and its tests would find it."""
    yield
    gc.unfreeze()  # a worker that ran in this process had frozen what there was
    gc.collect()


class FailingSocket:
    """The socket of a connection, one of whose calls fails until it is mended."""

    def __init__(self, sock: socket.socket, name: str, error: OSError) -> None:
        self._sock = sock
        setattr(self, name, lambda *_: self._fail(error))
        self._name = name

    def mend(self) -> None:
        delattr(self, self._name)

    def __getattr__(self, name: str):
        return getattr(self._sock, name)

    @staticmethod
    def _fail(error: OSError) -> None:
        raise error


@pytest.fixture
def failing_socket() -> type[FailingSocket]:
    return FailingSocket
