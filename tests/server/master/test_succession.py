import dataclasses
import os
from collections.abc import Iterator

import pytest
from tests.server.plans import plan

from penstock.server.errors import StartError
from penstock.server.master.roster import Roster, StartWorker
from penstock.server.master.succession import Succession, line_first
from penstock.telemetry import ReloadState, Segment, Verdict, last_reload, read_verdict


class Court:
    """A succession, its roster in the middle of a reload, and the memory."""

    def __init__(self, segment: Segment, plan_now, plan_then=None) -> None:
        def renew():
            if plan_then is None:
                raise StartError("penstock.toml line 3 is not TOML")
            return plan_then

        self.segment = segment
        self.roster = Roster(12, plan_now.server.workers)
        self.succession = Succession(dataclasses.replace(plan_now, renew=renew), self.roster, segment)
        self.roster.plan(0)
        self.roster.imported(1, is_kept=True)
        self.roster.reload()
        self.roster.plan(0)
        assert self.roster.successor == 2

    def verdict(self) -> Verdict | None:
        return read_verdict(self.segment.fd, 2)


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(2, 5, 65536)
    yield made
    made.close()


def test_start_has_a_number_as_well(segment) -> None:
    court = Court(segment, plan())
    court.succession.begin_first(1)
    assert last_reload(segment.fd) == 1
    court.succession.has_served(1)
    assert read_verdict(segment.fd, 1) == Verdict(1, ReloadState.DONE)


def test_plan_of_a_reload_is_in_force_when_it_is_concluded(segment) -> None:
    court = Court(segment, plan(), plan(request_timeout_s=7.0))
    assert court.succession.begin(2)
    assert court.verdict() == Verdict(2, ReloadState.RUNNING)
    assert court.succession.next_plan.server.request_timeout_s == 7.0
    assert court.succession.plan.server.request_timeout_s == 30.0
    before = court.succession.conclude(2)
    assert before.server.request_timeout_s == 30.0
    assert court.succession.plan.server.request_timeout_s == 7.0
    assert court.verdict() == Verdict(2, ReloadState.DONE)


def test_configuration_that_cannot_be_read_ends_the_reload_before_it_begins(segment, caplog) -> None:
    court = Court(segment, plan())
    assert not court.succession.begin(2)
    assert court.verdict() == Verdict(2, ReloadState.FAILED, "penstock.toml line 3 is not TOML")
    assert court.succession.trouble == "penstock.toml line 3 is not TOML"
    assert court.roster.successor is None
    assert "server.reload_failed" in caplog.text


def test_refused_reload_goes_on_with_the_plan_in_force_until_one_succeeds(segment) -> None:
    court = Court(segment, plan(), plan(threads=1))
    court.succession.begin(2)
    court.succession.refuse(2, "Traceback ...\n  File x\nimporting 'shop' failed")
    assert court.succession.next_plan is court.succession.plan
    assert court.succession.trouble == "importing 'shop' failed"
    court.succession.begin(2)
    court.succession.conclude(2)
    assert court.succession.trouble == ""


@pytest.mark.parametrize(("now", "then", "expected"), [(2, 2, 3), (2, 4, 4)], ids=["unchanged", "changed"])
def test_number_of_workers_is_the_configurations_only_where_that_has_changed(
    segment, now, then, expected
) -> None:
    court = Court(segment, plan(workers=now), plan(workers=then))
    court.roster.scale(+1)
    court.succession.begin(2)
    assert court.roster.successor_desired == expected


def test_option_that_needs_a_restart_is_named(segment, caplog) -> None:
    court = Court(segment, plan(), plan(backlog=7))
    court.succession.begin(2)
    assert "server.option_fixed option=backlog" in caplog.text


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("a\nb\nc", "c\na\nb"), ("c", "c"), ("", "no reason was given")],
    ids=["traceback", "line", "nothing"],
)
def test_line_that_says_what_is_wrong_comes_first(reason, expected) -> None:
    assert line_first(reason) == expected


@pytest.mark.parametrize(
    ("left_bytes", "is_stepwise"),
    [
        pytest.param(None, False, id="no-limit"),
        pytest.param(1 << 40, False, id="room"),
        pytest.param(0, True, id="none"),
    ],
)
def test_generations_that_do_not_fit_beside_each_other_change_worker_by_worker(
    segment, caplog, left_bytes, is_stepwise
) -> None:
    options = {"workers": 2, "headroom": lambda: left_bytes}
    court = Court(segment, plan(**options), plan(**options))
    court.roster.started(StartWorker(1, 1), os.getpid(), 0)
    court.succession.begin(2)
    assert (court.roster.surge == 1) is is_stepwise
    assert ("server.reload_stepwise" in caplog.text) is is_stepwise


@pytest.mark.parametrize(
    ("is_shown", "has_served", "is_logged"),
    [
        pytest.param(True, False, False, id="the-start-says-it-there"),
        pytest.param(False, False, True, id="the-log-is-elsewhere"),
        pytest.param(True, True, True, id="it-is-no-start"),
    ],
)
def test_boot_that_failed_is_logged_unless_the_start_says_it_in_the_same_place(
    segment, caplog, is_shown, has_served, is_logged
) -> None:
    shown = dataclasses.replace(plan(), is_error_log_shown=is_shown)
    court = Court(segment, shown, shown)
    court.succession.log_boot_failure("worker.boot_failed pid=7", "File x\nwrong", has_served=has_served)
    assert ("worker.boot_failed pid=7 wrong\nFile x" in caplog.text) is is_logged
