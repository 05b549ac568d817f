import logging
from types import SimpleNamespace

import pytest

from penstock.agent.crew import Crew
from penstock.agent.watch import Notice


class Quiet:
    """A station that hears nothing."""

    def __init__(self, name="quiet", seen=None):
        self.name = name
        self.seen = [] if seen is None else seen

    def tick(self, now_s):
        self.seen.append((self.name, now_s))

    def close(self):
        self.seen.append((self.name, "closed"))

    def report(self):
        return {"seen": len(self.seen)}


class Reading(Quiet):
    """A station that reads from descriptors."""

    def __init__(self, name, fds):
        super().__init__(name)
        self._fds = fds

    def fds(self):
        return self._fds

    def readable(self, fd):
        self.seen.append((self.name, fd))


class Listening(Quiet):
    """A station that hears everything."""

    def access(self, tenant, batch):
        self.seen.append((tenant, batch))

    def logged(self, tenant, entry):
        self.seen.append((tenant, entry))

    def joined(self, tenant):
        self.seen.append((tenant, "joined"))

    def left(self, tenant):
        self.seen.append((tenant, "left"))


def fail(*_):
    raise ZeroDivisionError("by nothing")


class Broken:
    """A station in which everything fails."""

    name = "broken"
    fds = readable = tick = close = report = access = logged = joined = left = fail


def hear_everything(crew):
    crew.access("shop", "batch")
    crew.logged("shop", "entry")
    crew.joined("shop")
    crew.left("shop")


def test_stations_hear_what_they_have_a_method_for():
    quiet, listening = Quiet(), Listening("listening")
    hear_everything(Crew([quiet, listening]))
    assert quiet.seen == []
    assert listening.seen == [("shop", "batch"), ("shop", "entry"), ("shop", "joined"), ("shop", "left")]


@pytest.mark.parametrize(("station", "expected"), [(Quiet(), False), (Listening(), True)])
def test_whether_anybody_hears_log_entries_is_known(station, expected):
    assert Crew([station]).listens_to_logs is expected


def test_a_readable_descriptor_is_told_to_whose_it_is():
    first, second = Reading("first", (5,)), Reading("second", (6, 7))
    crew = Crew([first, Quiet(), second])
    assert crew.fds() == {5, 6, 7}
    crew.readable(6)
    crew.readable(8)
    assert (first.seen, second.seen) == ([], [("second", 6)])


def test_stations_are_closed_in_the_opposite_order():
    seen = []
    crew = Crew([Quiet("first", seen), Quiet("second", seen)])
    crew.close()
    assert seen == [("second", "closed"), ("first", "closed")]


def test_reports_stand_under_the_names_of_their_stations():
    crew = Crew([Quiet("first"), Quiet("second")])
    crew.tick(1.0)
    assert crew.report() == {"first": {"seen": 1}, "second": {"seen": 1}}


def test_a_station_that_fails_is_said_once_and_counted_and_keeps_nobody_from_the_rest():
    broken, listening = Broken(), Listening("listening")
    crew = Crew([broken, listening])
    hear_everything(crew)
    crew.tick(1.0)
    assert crew.fds() == frozenset()
    assert len(listening.seen) == 5
    (notice,) = crew.take_notices()
    assert notice.level == logging.ERROR
    assert notice.message.startswith(
        "broken failed, which is said once and counted: ZeroDivisionError: by nothing (/"
    )
    assert crew.take_notices() == []
    assert crew.report() == {"broken": {"failures": 7}, "listening": {"seen": 5}}
    crew.close()


def test_what_stations_have_to_say_is_asked_for() -> None:
    notices = [Notice(logging.WARNING, "the disk is full")]
    speaker = Quiet("speaker")
    speaker.take_notices = lambda: notices
    silent = Quiet("silent")
    silent.take_notices = fail
    failed, said = Crew([silent, speaker]).take_notices()
    assert said is notices[0]
    assert "silent failed" in failed.message


def test_an_exit_of_the_process_is_no_failure_of_a_station():
    def leave(now_s):
        raise SystemExit(1)

    station = SimpleNamespace(name="leaving", tick=leave)
    with pytest.raises(SystemExit):
        Crew([station]).tick(1.0)
