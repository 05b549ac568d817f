"""Wall-clock times of monotonic stamps, computed by whoever reads records, never by whoever writes them.

CLOCK_MONOTONIC does not jump and is the same in every process of the machine; the offset to the wall clock is
measured again each second, so a corrected wall clock shows in the next lines and never inside a duration.

In:     CLOCK_MONOTONIC in ns; two clocks to compare.
Out:    time stamps in the forms logs use, one formatting a second.
Never:  changes a stamp.

Rules:  RFC 3339 section 5.6; the access log's form is that of the NCSA common log format.
"""

import time
from collections.abc import Callable
from typing import Final

NS_PER_S: Final = 1_000_000_000
_MEASURE_EVERY_NS: Final = NS_PER_S

# strftime's %b follows the locale; log analysers expect these
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def measure_offset_ns(
    wall_ns: Callable[[], int] = time.time_ns, now_ns: Callable[[], int] = time.monotonic_ns
) -> int:
    """Wall clock minus monotonic clock; of three tries the one that was interrupted least."""
    tries = []
    for _ in range(3):
        before = now_ns()
        wall = wall_ns()
        after = now_ns()
        tries.append((after - before, wall - (before + after) // 2))
    return min(tries)[1]


class WallClock:
    """Offset and the stamps of the current second. One reader, one thread."""

    __slots__ = (
        "_measured_at_ns",
        "_now_ns",
        "_wall_ns",
        "_zoned",
        "common",
        "high_ns",
        "low_ns",
        "offset_ns",
        "utc",
    )

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._now_ns = now_ns
        self.low_ns = self.high_ns = 0
        self.common = self.utc = self._zoned = ""
        self.measure()

    def measure(self) -> None:
        """Measure the offset now; the stamps are formatted again when next asked for."""
        self.offset_ns = measure_offset_ns(self._wall_ns, self._now_ns)
        self._measured_at_ns = self._now_ns()
        self.low_ns = self.high_ns = 0

    def refresh(self) -> None:
        """Measure the offset if the last measurement is a second old."""
        if self._now_ns() - self._measured_at_ns >= _MEASURE_EVERY_NS:
            self.measure()

    def common_log(self, stamp_ns: int) -> str:
        """`10/Oct/2000:13:55:36 -0700`, local time."""
        if not self.low_ns <= stamp_ns < self.high_ns:
            self._enter_second(stamp_ns)
        return self.common

    def second_utc(self, stamp_ns: int) -> str:
        """`2000-10-10T20:55:36`: the second of a stamp, which lasts from `low_ns` to `high_ns`."""
        if not self.low_ns <= stamp_ns < self.high_ns:
            self._enter_second(stamp_ns)
        return self.utc

    def rfc3339_utc(self, stamp_ns: int) -> str:
        """`2000-10-10T20:55:36.000000Z`, microseconds."""
        if not self.low_ns <= stamp_ns < self.high_ns:
            self._enter_second(stamp_ns)
        return f"{self.utc}.{(stamp_ns - self.low_ns) // 1000:06d}Z"

    def rfc3339_local(self, stamp_ns: int) -> str:
        """`2000-10-10T13:55:36.000-07:00`, milliseconds."""
        if not self.low_ns <= stamp_ns < self.high_ns:
            self._enter_second(stamp_ns)
        date, zone = self._zoned.split(" ")
        return f"{date}.{(stamp_ns - self.low_ns) // 1_000_000:03d}{zone}"

    def _enter_second(self, stamp_ns: int) -> None:
        """Format the stamps of the second that `stamp_ns` lies in; beyond all calendars = the epoch."""
        second = (stamp_ns + self.offset_ns) // NS_PER_S
        try:
            local, utc = time.localtime(second), time.gmtime(second)
        except (OverflowError, OSError, ValueError):  # a stamp from damaged memory
            local, utc = time.localtime(0), time.gmtime(0)
        self.low_ns = second * NS_PER_S - self.offset_ns
        self.high_ns = self.low_ns + NS_PER_S
        sign = "-" if local.tm_gmtoff < 0 else "+"
        hours, minutes = divmod(abs(local.tm_gmtoff) // 60, 60)
        clock = f"{local.tm_hour:02d}:{local.tm_min:02d}:{local.tm_sec:02d}"
        month = _MONTHS[local.tm_mon - 1]
        self.common = (
            f"{local.tm_mday:02d}/{month}/{local.tm_year:04d}:{clock} {sign}{hours:02d}{minutes:02d}"
        )
        date = f"{local.tm_year:04d}-{local.tm_mon:02d}-{local.tm_mday:02d}"
        self._zoned = f"{date}T{clock} {sign}{hours:02d}:{minutes:02d}"
        self.utc = time.strftime("%Y-%m-%dT%H:%M:%S", utc)
