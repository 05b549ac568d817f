import time

import pytest

from penstock.telemetry.clock import NS_PER_S, WallClock, measure_offset_ns

# 2026-11-20T09:50:00Z
WALL_NS = 1_795_168_200 * NS_PER_S


class Clocks:
    """Two clocks a test can move."""

    def __init__(self):
        self.now_ns = 1000 * NS_PER_S
        self.wall_ns = WALL_NS

    def pass_ns(self, duration_ns):
        self.now_ns += duration_ns
        self.wall_ns += duration_ns


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def clock(clocks):
    return WallClock(lambda: clocks.wall_ns, lambda: clocks.now_ns)


@pytest.fixture
def zone(monkeypatch):
    def choose(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


def test_the_offset_is_the_difference_of_the_clocks():
    assert measure_offset_ns(lambda: 500, lambda: 200) == 300


def test_the_least_interrupted_of_three_measurements_counts():
    ticks = iter([0, 90, 100, 104, 200, 290])
    walls = iter([1000, 2000, 3000])
    assert measure_offset_ns(lambda: next(walls), lambda: next(ticks)) == 2000 - 102


@pytest.mark.parametrize(
    ("name", "stamps"),
    [
        pytest.param("UTC", ("20/Nov/2026:09:50:00 +0000", "2026-11-20T09:50:00.123+00:00"), id="utc"),
        pytest.param(
            "<+0530>-5:30", ("20/Nov/2026:15:20:00 +0530", "2026-11-20T15:20:00.123+05:30"), id="east"
        ),
        pytest.param(
            "<-0330>3:30", ("20/Nov/2026:06:20:00 -0330", "2026-11-20T06:20:00.123-03:30"), id="west"
        ),
    ],
)
def test_stamps_are_in_local_time_with_its_offset(zone, clocks, clock, name, stamps):
    zone(name)
    stamp_ns = clocks.now_ns + 123_456_789
    assert (clock.common_log(stamp_ns), clock.rfc3339_local(stamp_ns)) == stamps
    assert clock.common_log(stamp_ns) == stamps[0]
    assert clock.rfc3339_local(stamp_ns + 2 * NS_PER_S)[17:19] == "02"


def test_utc_stamps_have_microseconds(clocks, clock):
    stamp_ns = clocks.now_ns + 123_456_789
    assert clock.rfc3339_utc(stamp_ns) == "2026-11-20T09:50:00.123456Z"
    assert clock.rfc3339_utc(stamp_ns + 1000) == "2026-11-20T09:50:00.123457Z"
    assert clock.second_utc(stamp_ns + NS_PER_S) == "2026-11-20T09:50:01"
    assert clock.second_utc(stamp_ns + NS_PER_S) == "2026-11-20T09:50:01"


def test_each_stamp_falls_into_its_own_second(clocks, clock):
    stamps = [clock.second_utc(clocks.now_ns + step * NS_PER_S // 2)[-2:] for step in (0, 1, 2, 3, 0)]
    assert stamps == ["00", "00", "01", "01", "00"]


def test_a_corrected_wall_clock_shows_after_the_next_refresh(clocks, clock):
    clocks.wall_ns += 3600 * NS_PER_S
    clock.refresh()
    assert clock.second_utc(clocks.now_ns) == "2026-11-20T09:50:00"
    clocks.pass_ns(NS_PER_S)
    clock.refresh()
    assert clock.second_utc(clocks.now_ns) == "2026-11-20T10:50:01"


@pytest.mark.parametrize("stamp_ns", [2**64 - 1, 2**63], ids=["last", "half"])
def test_a_stamp_from_damaged_memory_is_still_a_stamp(clock, stamp_ns):
    assert len(clock.second_utc(stamp_ns)) == 19


def test_a_stamp_beyond_all_calendars_is_the_epoch():
    clock = WallClock(lambda: 2**90, lambda: 0)
    assert clock.second_utc(0) == "1970-01-01T00:00:00"
