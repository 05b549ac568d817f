"""One connection to the ops port, without its socket: bytes and time in, bytes and a deadline out.

          bytes         a complete head           all sent
    IDLE ------> HEAD -----------------> ANSWER ----------> IDLE, or HEAD where the next one is here already
      |            |                       |
      |            |                       `-- last answer sent ---> PARTING --end of input--> CLOSED
      `------------+------- deadline passed, end of input ------------------------------------> CLOSED

PARTING waits a second for the peer to close first: what it sent behind a refused request would otherwise
make the kernel reset the connection, and the answer would be lost with it (RFC 9112 section 9.6).

Nothing here takes a body: a request with one is answered at its head and is the last of its connection. While
an answer waits for its peer nothing more is read, so a peer that asks and never listens costs one answer.

In:     received bytes, monotonic seconds, how much was sent.
Out:    bytes to send, when to give up.
Never:  touches a socket (port.py), knows what the paths mean (desk.py).

Rules:  RFC 9112 sections 9.3 and 9.6.
"""

import enum
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from penstock.agent.ops.page import Answer
from penstock.config import ProtocolConfig
from penstock.protocol import (
    NEED_DATA,
    FieldLineTable,
    FieldTable,
    PeerError,
    RequestHead,
    RequestReceiver,
    finish_response_head,
    parse_response_head,
    refusal,
)

# Probes and scrapers send some hundred bytes; browsers some thousand.
LIMITS: Final = ProtocolConfig(max_request_line_bytes=2048, max_head_bytes=8192, max_memo_entries=0)
# Shared by all visits, which live on one thread. (A table refers to itself; the agent collects no cycles.)
_FIELDS: Final = FieldTable(LIMITS)
_LINES: Final = FieldLineTable(LIMITS)
# A scraper keeps its connection between two scrapes: a minute apart, as a rule.
IDLE_S: Final = 75.0
HEAD_S: Final = 5.0
ANSWER_S: Final = 10.0
PARTING_S: Final = 1.0


class State(enum.Enum):
    """What a visit waits for."""

    IDLE = "idle"  # the first byte of a request
    HEAD = "head"  # the rest of it
    ANSWER = "answer"  # the peer, to take the answer
    PARTING = "parting"  # the peer, to close its side
    CLOSED = "closed"


_PATIENCE_S: Final = {
    State.IDLE: IDLE_S,
    State.HEAD: HEAD_S,
    State.ANSWER: ANSWER_S,
    State.PARTING: PARTING_S,
    State.CLOSED: 0.0,
}


class Visit:
    """The requests of one connection, one after the other.

    Args:
        answer: what a request is answered.
        now_s: monotonic seconds.

    Attributes:
        state: what it waits for.
        deadline_s: when it has waited long enough.
        output: what is to be sent now.
    """

    def __init__(self, answer: Callable[[RequestHead], Answer], now_s: float) -> None:
        self._answer = answer
        self._receiver = RequestReceiver(LIMITS, _FIELDS)
        self._is_last = False
        self._has_answered = False
        self.output = b""
        self._enter(State.IDLE, now_s)

    @property
    def is_expected(self) -> bool:
        """Something is under way: a first request is still to come, or an answer to leave."""
        return self.state in {State.HEAD, State.ANSWER} or (
            self.state is State.IDLE and not self._has_answered
        )

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the peer sent; b"" = it closed its side."""
        if self.state is State.PARTING:
            if not data:
                self._enter(State.CLOSED, now_s)
            return
        self._receiver.receive_data(data)
        self._advance(now_s)

    def sent(self, count: int, now_s: float) -> None:
        """Note how many bytes of `output` left."""
        self.output = self.output[count:]
        if self.output:
            return
        self._has_answered = True
        if self._is_last:
            self._enter(State.PARTING, now_s)
        else:
            self._receiver.next_request()
            self._enter(State.IDLE, now_s)
            self._advance(now_s)

    def _enter(self, state: State, now_s: float) -> None:
        self.state = state
        self.deadline_s = now_s + _PATIENCE_S[state]

    def _advance(self, now_s: float) -> None:
        """Answer the next request if all of it is here."""
        try:
            event = self._receiver.next_event()
        except PeerError as error:
            self._refuse(error, now_s)
            return
        if isinstance(event, RequestHead):
            self.output = self._respond(event)
            self._enter(State.ANSWER, now_s)
        elif event is not NEED_DATA:
            self._enter(State.CLOSED, now_s)
        elif self.state is State.IDLE and self._receiver.has_pending:
            self._enter(
                State.HEAD, now_s
            )  # its deadline is that of the whole head: more bytes do not move it

    def _respond(self, head: RequestHead) -> bytes:
        answer = self._answer(head)
        fields = [("Content-Type", answer.kind), ("Cache-Control", "no-store"), *answer.fields]
        block, _, stays = finish_response_head(
            parse_response_head(answer.status, fields, _LINES),
            method=head.method,
            version=head.version,
            keep_alive=head.keep_alive and head.content_length == 0,
            body_length=len(answer.body),
            date_line=_date_line(),
        )
        self._is_last = not stays
        return block if head.method == "HEAD" else block + answer.body

    def _refuse(self, error: PeerError, now_s: float) -> None:
        self._is_last = True
        self.output = refusal(error.status, date_line=_date_line()) if error.answerable else b""
        self._enter(State.ANSWER if self.output else State.CLOSED, now_s)


def _date_line() -> bytes:
    return f"Date: {formatdate(usegmt=True)}\r\n".encode("ascii")
