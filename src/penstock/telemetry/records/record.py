"""The records in the rings, word by word.

A record has a fixed part of 128 bytes in the ring's table and a text in the ring's text area:

    number | text start | text stop | ... its own fields ... | check

`number` counts the records of the ring from 1 and `check` is number + CHECK, first and last word of the fixed
part. Together they catch a record that was begun and not finished, one of an earlier lap, and, where another
core may see stores out of order (arm64), one whose ends are not both there yet. They do not catch a flipped
bit between them, nor a text that lags behind its fixed part: a checksum over the text would cost more than
writing it.

Text of an access record: five fields, each ended by LF, which no request line and no field value can contain:

    request line LF peer LF request id LF referer LF user agent LF

The request line is as sent; the others are UTF-8 of the environ's strings (so a byte that is not ASCII stands
there as two: encode() without a name is the cheapest that Python has). Of a refused request nothing but its
line is believed; the reason stands in the place of the user agent. Where the trace is a caller's, ` trace=`
and its id stand behind the request id, as they do in a line (text.py).

Text of a log record: UTF-8, five fields one after the other, their lengths in the fixed part.

Text of a span record: JSON, see traces/keeper.py. A request with many spans has several such records.

In:     nothing.
Out:    struct formats, the enum of outcomes.
Never:  reads or writes memory (ring.py).
"""

import enum
import struct
from typing import Final

# Any constant that zeroed memory and small numbers do not hold by chance; below 2**30 it costs Python least.
CHECK: Final = 0x2545F491


class Outcome(enum.IntEnum):
    """How a request ended."""

    COMPLETE = 0
    TRUNCATED = 1  # the body fell short of its Content-Length
    SURPLUS = 2  # the body was longer; the rest was cut
    FAILED = 3  # the application raised after output began
    PEER_GONE = 4
    REFUSED = 5  # never reached the application
    TIMED_OUT = 6
    CUT = 7  # the server stopped first


# Native byte order and sizes: Python's native pack is a quarter faster than the standard one, and nobody
# else's machine reads this memory. Durations are in ticks of 64 ns (histogram.TICK_BITS):
#   head         first byte -> head complete        application  its call -> its last byte
#   body         head -> body complete              response     its call -> response head ready
#   queue        body -> the application's call     send         its last byte -> last byte sent
#   total        first byte -> last byte sent
# number, text start, text stop, last byte (CLOCK_MONOTONIC ns), head, body, queue, response, application,
# send, total, received bytes, sent bytes, pid, status, thread, outcome, lane and marks, 6 unused bytes, check
ACCESS: Final = struct.Struct("@11Q 2Q I 2H 2B 6x Q")

# number, text start, text stop, time, pid, level, lengths of logger, request id, thread name, message, trace;
# trace id and span id, zeros = none; 36 unused bytes; check
LOG: Final = struct.Struct("@4Q 2I 5I 16s 8s 36x Q")

# number, text start, text stop, last byte as in the access record, pid, which part of how many; 80 unused
# bytes; check
SPANS: Final = struct.Struct("@4Q I 2H 80x Q")

# The byte of the lane holds the lane itself in its lowest bit and, of a kept request, why (trace.REASONS),
# and whether ring C has spans of it; of any request, whether its trace is a caller's: then the text has the
# trace's id, which is not that of derive_ids.
LANE: Final = 0x01
WITH_SPANS: Final = 0x02
JOINED: Final = 0x04

ACCESS_FIELDS: Final = 5

# Longest field of a text that is written with care; five of them fit into MAX_TEXT_BYTES.
MAX_PART_BYTES: Final = 3200
