import datetime as dt
import math
import time

import pytest

from penstock.agent.logs.rotation import Period, Rotation, next_boundary

NOON = 1_795_521_600.0  # 2026-11-24T12:00:00Z
HOUR = 3600.0


@pytest.fixture
def zone(monkeypatch):
    """Change the local zone until the test is over."""

    def change(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield change
    monkeypatch.undo()
    time.tzset()


class Wall:
    def __init__(self, now_s=NOON):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


@pytest.fixture
def wall():
    return Wall()


@pytest.mark.parametrize(
    ("period", "name", "now", "expected"),
    [
        pytest.param(Period.DAILY, "UTC", "2026-11-24T12:00:00+0000", "2026-11-25T00:00:00+0000", id="day"),
        pytest.param(Period.DAILY, "UTC", "2026-12-31T23:59:59+0000", "2027-01-01T00:00:00+0000", id="year"),
        pytest.param(
            Period.DAILY, "Europe/Berlin", "2026-03-29T00:30:00+0100", "2026-03-30T00:00:00+0200", id="spring"
        ),
        pytest.param(
            Period.DAILY, "Europe/Berlin", "2026-10-25T12:00:00+0100", "2026-10-26T00:00:00+0100", id="autumn"
        ),
        pytest.param(Period.HOURLY, "UTC", "2026-11-24T12:59:59+0000", "2026-11-24T13:00:00+0000", id="hour"),
        pytest.param(
            Period.HOURLY, "UTC", "2026-11-24T12:00:00+0000", "2026-11-24T13:00:00+0000", id="on-it"
        ),
        pytest.param(
            Period.HOURLY, "Asia/Kolkata", "2026-11-24T12:10:00+0530", "2026-11-24T13:00:00+0530", id="half"
        ),
        pytest.param(
            Period.HOURLY,
            "Europe/Berlin",
            "2026-10-25T02:30:00+0200",
            "2026-10-25T02:00:00+0100",
            id="the-hour-that-comes-twice",
        ),
    ],
)
def test_a_period_ends_at_the_next_boundary_of_the_local_clock(zone, period, name, now, expected):
    zone(name)
    now_s, expected_s = (_seconds(text) for text in (now, expected))
    assert next_boundary(period, now_s) == expected_s


def _seconds(text):
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def test_a_file_without_a_period_lasts_for_ever():
    assert next_boundary(Period.NEVER, NOON) == math.inf
    assert not Rotation(0, Period.NEVER).is_on


def test_a_file_is_due_before_the_batch_that_would_make_it_too_large(wall):
    rotation = Rotation(1000, Period.NEVER, wall)
    assert rotation.is_on
    assert not rotation.is_due(900, 100)
    assert rotation.is_due(900, 101)


def test_an_empty_file_is_never_due(wall):
    rotation = Rotation(10, Period.HOURLY, wall)
    wall.now_s += 2 * HOUR
    assert not rotation.is_due(0, 1000)
    assert not rotation.is_due(5, 1)  # the empty file began its hour when it was looked at


def test_a_file_is_due_when_its_hour_is_over(zone, wall):
    zone("UTC")
    rotation = Rotation(0, Period.HOURLY, wall)
    wall.now_s += HOUR - 1
    assert not rotation.is_due(1)
    wall.now_s += 1
    assert rotation.is_due(1)


def test_a_file_last_written_in_an_earlier_hour_is_due_at_once(zone, wall):
    zone("UTC")
    rotation = Rotation(0, Period.HOURLY, wall)
    rotation.begin(NOON - 1)
    assert rotation.is_due(1)


def test_a_clock_that_was_put_back_begins_the_period_anew(zone, wall):
    zone("UTC")
    rotation = Rotation(0, Period.HOURLY, wall)
    wall.now_s -= 100 * HOUR
    assert not rotation.is_due(1)
    wall.now_s += HOUR
    assert rotation.is_due(1)


def test_what_could_not_be_done_is_tried_again_after_a_minute(wall):
    rotation = Rotation(10, Period.NEVER, wall)
    rotation.put_off()
    assert not rotation.is_due(100)
    wall.now_s += 60
    assert rotation.is_due(100)


def test_a_clock_put_back_after_a_failure_does_not_put_off_for_longer(wall):
    rotation = Rotation(10, Period.NEVER, wall)
    wall.now_s += 10_000
    rotation.put_off()
    wall.now_s -= 9_000
    assert rotation.is_due(100)
