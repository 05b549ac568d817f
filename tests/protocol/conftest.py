"""What the tests of the parser share: the vectors, and a loop around a receiver that ends in plain data."""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from penstock.config import ProtocolConfig
from penstock.protocol import (
    END_OF_MESSAGE,
    PEER_CLOSED,
    FieldTable,
    PeerError,
    RequestHead,
    RequestReceiver,
)


@dataclasses.dataclass
class Heard:
    """Everything one connection said, as far as the receiver understood it."""

    requests: list[tuple[RequestHead, bytes, bool]] = dataclasses.field(default_factory=list)
    error: PeerError | None = None
    is_closed: bool = False

    @property
    def summary(self) -> list[object]:
        """The same for two ways of cutting the bytes, if the receiver is right."""
        heads = [
            ({name: getattr(head, name) for name in RequestHead.__slots__}, body if is_whole else None)
            for head, body, is_whole in self.requests
        ]
        return [heads, None if self.error is None else self.error.status, self.is_closed]

    @property
    def verdict(self) -> list[object]:
        """The same, of two faults in one message not caring which is named: the first that was complete."""
        heads, status, is_closed = self.summary
        return [heads, status is None, is_closed]


def _drain(receiver: RequestReceiver, heard: Heard) -> None:
    while True:
        event = receiver.next_event()
        if isinstance(event, RequestHead):
            is_whole = event.content_length == 0
            heard.requests.append((event, b"", is_whole))
            if is_whole:
                receiver.next_request()
        elif isinstance(event, bytes):
            assert event
            head, body, _ = heard.requests[-1]
            heard.requests[-1] = (head, body + event, False)
        elif event is END_OF_MESSAGE:
            head, body, _ = heard.requests[-1]
            heard.requests[-1] = (head, body, True)
            receiver.next_request()
        else:
            heard.is_closed = event is PEER_CLOSED
            return


def hear(
    parts: Iterable[bytes], config: ProtocolConfig | None = None, table: FieldTable | None = None
) -> Heard:
    """Feed a receiver part by part, as one connection that then closes."""
    config = config or ProtocolConfig()
    receiver = RequestReceiver(config, FieldTable(config) if table is None else table)
    heard = Heard()
    try:
        for part in parts:
            if part:
                receiver.receive_data(part)
                _drain(receiver, heard)
        receiver.receive_data(b"")
        _drain(receiver, heard)
    except PeerError as error:
        heard.error = error
    return heard


@pytest.fixture(scope="session", name="hear")
def hear_fixture() -> Callable[..., Heard]:
    """`hear`, for tests: the tree of tests is no package to import from."""
    return hear


@pytest.fixture(scope="session")
def tables() -> type[FieldTable]:
    """The table that a worker's connections share."""
    return FieldTable


# ---- tests/vectors/, whose README describes the format

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
REPEAT = re.compile(rb"\{(\d+)\*([^}]+)\}")


@dataclasses.dataclass
class Vector:
    name: str
    options: dict[str, int] = dataclasses.field(default_factory=dict)
    raw: bytes = b""
    expected: list[str] = dataclasses.field(default_factory=list)

    @property
    def config(self) -> ProtocolConfig:
        return ProtocolConfig(**self.options)

    @property
    def is_cut(self) -> bool:
        return "Truncated" in self.expected[-1]


def read_bytes(text: str) -> bytes:
    raw = text.encode("ascii").decode("unicode_escape").encode("latin-1")
    return REPEAT.sub(lambda match: int(match[1]) * match[2], raw)


def read_vectors(path: pathlib.Path) -> Iterator[Vector]:
    vector = Vector("")
    for number, line in enumerate(path.read_text("ascii").split("\n"), 1):
        mark, _, rest = line.partition(" ")
        if mark == "==":
            vector = Vector(rest)
            yield vector
        elif mark == ">":
            vector.raw += read_bytes(rest)
        elif mark == "<":
            vector.expected.append(read_bytes(rest).decode("latin-1"))
        elif mark == "option":
            name, _, value = rest.partition("=")
            vector.options[name] = int(value)
        elif mark not in ("", "--"):
            msg = f"{path.name}:{number}: {line!r}; expected ==, --, option, > or <"
            raise ValueError(msg)


def read_all_vectors() -> dict[str, Vector]:
    return {
        f"{path.stem}: {vector.name}": vector
        for path in sorted(VECTORS.glob("*.txt"))
        for vector in list(read_vectors(path))
    }


# A test that asks for one of these is run for each vector that qualifies.
KINDS: dict[str, Callable[[Vector], bool]] = {
    "vector": lambda _vector: True,
    "short_vector": lambda vector: len(vector.raw) < 600,
    "whole_vector": lambda vector: not vector.is_cut,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for kind, qualifies in KINDS.items():
        if kind in metafunc.fixturenames:
            chosen = {name: vector for name, vector in read_all_vectors().items() if qualifies(vector)}
            metafunc.parametrize(kind, list(chosen.values()), ids=list(chosen))


@pytest.fixture(scope="session")
def vectors() -> list[Vector]:
    """All vectors, for tests that look at them together."""
    return list(read_all_vectors().values())
