"""What the tests of the seam share: a sink that remembers, a way to ask, a client that reads the answer."""

import dataclasses
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import h11
import pytest

from penstock.config import WSGIConfig
from penstock.protocol import RequestHead
from penstock.wsgi import (
    Exchange,
    Gateway,
    PeerGoneError,
    call_application,
    connection_environ,
    stream_response,
)


class RecordingSink:
    """A client that takes everything, until it goes away after `patience` pieces."""

    def __init__(self, patience: int | None = None) -> None:
        self.sent: list[bytes] = []
        self.files: list[tuple[int, int]] = []
        self._patience = itertools.count() if patience is None else iter(range(patience))

    def send(self, exchange: Exchange, data: bytes) -> None:
        assert data
        self._take()
        self.sent.append(data)

    def send_file(self, exchange: Exchange, fd: int, offset: int, count: int) -> None:
        self._take()
        with open(fd, "rb", closefd=False) as file:
            file.seek(offset)
            self.sent.append(file.read(count))
        self.files.append((offset, count))

    def _take(self) -> None:
        if next(self._patience, None) is None:
            raise PeerGoneError


@dataclasses.dataclass
class Answer:
    """What came out of an application."""

    exchange: Exchange
    sink: RecordingSink
    is_streamed: bool

    @property
    def wire(self) -> bytes:
        return b"".join([*self.sink.sent, *self.exchange.output])

    @property
    def head(self) -> bytes:
        return self.wire.partition(b"\r\n\r\n")[0]

    @property
    def after_head(self) -> bytes:
        return self.wire.partition(b"\r\n\r\n")[2]

    @property
    def body(self) -> bytes:
        """What a strict client makes of it when the connection closes after the answer."""
        return read_strictly(self.wire, self.exchange.head.method)


def read_strictly(wire: bytes, method: str) -> bytes:
    """Return the body as h11 reads it; raises RemoteProtocolError for a message that is cut or goes on."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "test")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    client.receive_data(b"")
    body = b""
    while True:
        event = client.next_event()
        if isinstance(event, h11.Data):
            body += bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            assert not client.trailing_data[0]
            return body


def make_template(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "server": ("127.0.0.1", "8000"),
        "peer": ("192.0.2.7", "50000"),
        "scheme": "http",
        "multithread": True,
        "multiprocess": False,
    }
    config = changes.pop("config", WSGIConfig())
    return connection_environ(config, **(arguments | changes))


@pytest.fixture(name="template")
def _template() -> Callable[..., dict[str, Any]]:
    return make_template


@pytest.fixture(name="sink")
def _sink() -> type[RecordingSink]:
    return RecordingSink


@pytest.fixture(name="exchange")
def _exchange() -> Callable[..., Exchange]:
    """Make an exchange without the server."""

    def make(
        *,
        body: bytes | None = None,
        config: WSGIConfig | None = None,
        gateway: Gateway | None = None,
        sink: RecordingSink | None = None,
        is_trusted: bool = False,
        **head: Any,
    ) -> Exchange:
        file = None if body is None else io.BytesIO(body)
        if body is not None and not head.get("chunked"):
            head.setdefault("fields", {})["CONTENT_LENGTH"] = str(len(body))
        head["fields"] = make_template() | head.get("fields", {})
        return (gateway or Gateway(config or WSGIConfig())).exchange(
            RequestHead(**head),
            file,
            len(body or b""),
            sink or RecordingSink(),
            is_trusted=is_trusted,
        )

    return make


@pytest.fixture(name="ask")
def _ask(exchange: Callable[..., Exchange]) -> Callable[..., Answer]:
    """Run an application to the end of its answer, as the server does."""

    def ask(application: Any, **request: Any) -> Answer:
        sink = request.setdefault("sink", RecordingSink())
        one = exchange(**request)
        is_complete = call_application(application, one)
        if not is_complete:
            stream_response(one)
        return Answer(one, sink, not is_complete)

    return ask


class Closeable:
    """An iterable that counts how often it is closed."""

    def __init__(self, items: Any, *, error: BaseException | None = None) -> None:
        self.closed_count = 0
        self._items = items
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def close(self) -> None:
        self.closed_count += 1
        if self._error is not None:
            raise self._error


@pytest.fixture(name="closeable")
def _closeable() -> type[Closeable]:
    return Closeable
