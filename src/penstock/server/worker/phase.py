"""What a connection waits for.

            head begins        head complete       body complete          answered
   IDLE ----------------> HEAD --------------> BODY ------------> BUSY -------------> SENDING
    ^  (most heads come in one piece and pass HEAD and BODY at once)                     |
    +--------------- kept alive (by way of NEXT, if more is in the buffer) --------------+
                     any fault or the last answer: -> LINGERING -> CLOSED

In:     nothing.
Out:    names.
Never:  decides; connection.py and transmission.py do.
"""

import enum
from typing import Final


class Phase(enum.Enum):
    """What the connection waits for."""

    IDLE = "idle"  # the first byte of a request
    HEAD = "head"  # the rest of a head
    BODY = "body"  # the rest of a body
    BUSY = "busy"  # the application
    SENDING = "sending"  # the client to take the answer
    NEXT = "next"  # its turn: a further request is in the buffer
    LINGERING = "lingering"  # the client to close
    CLOSED = "closed"


# Members as globals: on 3.11 an enum finds its members by Python code.
IDLE: Final = Phase.IDLE
HEAD: Final = Phase.HEAD
BODY: Final = Phase.BODY
BUSY: Final = Phase.BUSY
SENDING: Final = Phase.SENDING
NEXT: Final = Phase.NEXT
LINGERING: Final = Phase.LINGERING
CLOSED: Final = Phase.CLOSED
