"""Standing by: the policy of a thread that may have been woken in vain."""

import errno
import os
import threading
from collections.abc import Callable

import pytest

from penstock.server.worker.standby import Standby


def on_a_thread(call: Callable[[], object]) -> object:
    """Run on a thread of its own: policies belong to threads."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join(10)
    return results[0]


def policies(standby: Standby) -> list[int]:
    """Return the policy while standing by, and after it."""
    standby.begin()
    standby.begin()
    inside = os.sched_getscheduler(0)
    standby.end()
    standby.end()
    return [inside, os.sched_getscheduler(0)]


def test_thread_that_stands_by_is_a_batch_thread_and_none_afterwards() -> None:
    assert on_a_thread(lambda: policies(Standby())) == [os.SCHED_BATCH, os.SCHED_OTHER]


def test_niceness_is_left_as_it_is() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def niceness() -> int:
        Standby().begin()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert on_a_thread(niceness) == before


def test_policy_that_an_operator_chose_stays() -> None:
    def under_another() -> list[int]:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        return policies(Standby())

    assert on_a_thread(under_another) == [os.SCHED_BATCH, os.SCHED_BATCH]


@pytest.mark.parametrize(
    ("allowed", "is_on"), [pytest.param(0, False, id="never"), pytest.param(1, True, id="not-any-more")]
)
def test_sandbox_that_forbids_it_is_asked_once(monkeypatch, allowed, is_on) -> None:
    asked = []

    def forbidding(_pid: int, policy: int, _parameter: os.sched_param) -> None:
        asked.append(policy)
        if len(asked) > allowed:
            raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidding)
    standby = Standby()
    for _ in range(3):
        standby.begin()
    assert standby.is_on is is_on
    standby.end()
    standby.begin()
    assert len(asked) == allowed + 1


@pytest.mark.parametrize(
    "number", [pytest.param(errno.ENOSYS, id="musl"), pytest.param(errno.EPERM, id="sandbox")]
)
def test_machine_that_does_not_tell_the_policy_is_left_as_it_is(monkeypatch, number) -> None:
    def silent(_pid: int) -> int:
        raise OSError(number, os.strerror(number))

    asked = []
    monkeypatch.setattr(os, "sched_getscheduler", silent)
    monkeypatch.setattr(os, "sched_setscheduler", lambda *words: asked.append(words))
    standby = Standby()
    standby.begin()
    assert not standby.is_on
    assert asked == []
