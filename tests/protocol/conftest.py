"""What the tests of the parser share: one loop around a receiver, and its result as plain data."""

import dataclasses
from collections.abc import Callable, Iterable

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
