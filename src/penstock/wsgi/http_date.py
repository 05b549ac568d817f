"""The `Date` line of responses, formatted once a second.

Formatting takes a microsecond and a half, reading the wall clock 40 ns; the
gateway has a monotonic time in hand anyway, so the usual request pays for one
comparison.  After the wall clock was set, the line follows within a second.

In:     monotonic time, and the wall clock once a second.
Out:    `line`, as it goes into a response head.
Never:  uses the locale: names of days and months are the RFC's.

Rules:  RFC 9110 sections 5.6.7 (IMF-fixdate) and 6.6.1 (an origin server with a clock sends Date).
"""

import time
from collections.abc import Callable
from typing import Final

_NS_PER_S: Final = 1_000_000_000
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(epoch_s: int) -> str:
    """Return an IMF-fixdate, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`.

    Args:
        epoch_s: whole seconds since 1970, UTC.
    """
    at = time.gmtime(epoch_s)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04} {clock} GMT"


class DateLine:
    """A `Date` line and how long it holds.

    Callers on the hot path compare for themselves:
    `if now_ns >= date.expires_ns: date.renew(now_ns)`, then use `date.line`.
    Two threads may renew at once; both write the same.

    Args:
        wall_ns: wall clock in nanoseconds since 1970; tests pass their own.

    Attributes:
        line: `Date: ...` with its CRLF; empty until the first `renew`.
        expires_ns: monotonic time from which `renew` is due.
    """

    __slots__ = ("_wall_ns", "expires_ns", "line")

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self.line = b""
        self.expires_ns = 0

    def renew(self, now_ns: int) -> None:
        """Format the line anew; it holds until the wall clock's next full second.

        Args:
            now_ns: monotonic time.
        """
        epoch_s, past_ns = divmod(self._wall_ns(), _NS_PER_S)
        self.line = f"Date: {http_date(epoch_s)}\r\n".encode("ascii")
        self.expires_ns = now_ns + _NS_PER_S - past_ns
