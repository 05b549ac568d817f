"""The watcher: whose claim is too old, and when nobody needs to look."""

import sys
import threading
import time

import pytest

from penstock.server.worker import watcher as watcher_module
from penstock.server.worker.watcher import OLD_CLAIM_NS, SWITCH_INTERVAL_S, Watcher


class Request:
    """What stands in a claim."""

    def __init__(self, start_ns: int) -> None:
        self.start_ns = start_ns


class FakeLoop:
    """A loop that notes for which requests an owner was appointed."""

    def __init__(self, *claim: Request) -> None:
        self.claim = list(claim)
        self.is_stopped = False
        self.last_inline_ns = 0
        self.appointed: list[Request] = []
        self.nudge_count = 0

    def nudge(self) -> None:
        self.nudge_count += 1

    def appoint(self, exchange: Request) -> None:
        self.appointed.append(exchange)


def test_young_claim_is_left_alone() -> None:
    request = Request(1_000)
    loop = FakeLoop(request)
    Watcher(loop).look(1_000 + OLD_CLAIM_NS - 1)
    assert loop.claim == [request]
    assert loop.appointed == []


def test_loop_is_told_at_each_look_about_answers_that_were_handed_over_quietly() -> None:
    loop = FakeLoop()
    Watcher(loop).look(1_000)
    assert loop.nudge_count == 1


def test_old_claim_is_taken_and_another_owner_appointed() -> None:
    request = Request(1_000)
    loop = FakeLoop(request)
    watcher = Watcher(loop)
    watcher.look(1_000 + OLD_CLAIM_NS)
    watcher.look(1_000 + OLD_CLAIM_NS)
    assert loop.claim == []
    assert loop.appointed == [request]
    assert watcher.take_over_count == 1


def test_claim_that_its_owner_takes_back_meanwhile_is_its_owners() -> None:
    class Returning(Request):
        """A request whose owner comes back while the watcher looks at it."""

        @property
        def start_ns(self) -> int:
            loop.claim.clear()
            return 0

        @start_ns.setter
        def start_ns(self, _value: int) -> None:
            pass

    loop = FakeLoop()
    loop.claim.append(Returning(0))
    Watcher(loop).look(OLD_CLAIM_NS)
    assert loop.appointed == []


def test_waking_a_watcher_that_is_awake_leaves_nothing_behind() -> None:
    watcher = Watcher(FakeLoop())
    watcher.wake()
    assert watcher._bell.empty()


@pytest.mark.parametrize("reason", ["claim", "stop"])
def test_watcher_does_not_park_on_a_request_that_began_meanwhile_or_a_loop_that_has_stopped(
    reason: str,
) -> None:
    loop = FakeLoop(*([Request(0)] if reason == "claim" else []))
    loop.is_stopped = reason == "stop"
    watcher = Watcher(loop)
    watcher._park()  # returns
    assert not watcher.is_parked


def test_watcher_says_that_it_parks_before_it_looks_for_a_claim() -> None:
    class Asked(FakeLoop):
        """A loop that is asked for its claim."""

        @property
        def claim(self) -> list[Request]:
            seen.append(watcher.is_parked)
            return [Request(0)]

        @claim.setter
        def claim(self, _value: list[Request]) -> None:
            pass

    seen: list[bool] = []
    watcher = Watcher(Asked())
    watcher._park()
    assert seen == [True]


def test_watcher_says_that_it_parks_before_it_looks_for_quiet_answers_a_last_time() -> None:
    class Nudged(FakeLoop):
        """A loop that notes how the watcher stood when it nudged."""

        def nudge(self) -> None:
            seen.append(watcher.is_parked)

    seen: list[bool] = []
    watcher = Watcher(Nudged(Request(0)))
    watcher._park()
    assert seen == [True]


@pytest.fixture
def switch_interval():
    before_s = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before_s)


def wait_until(is_so) -> None:
    give_up_s = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < give_up_s
        time.sleep(0.001)


@pytest.mark.usefixtures("switch_interval")
def test_watcher_parks_when_nothing_runs_and_works_again_when_it_is_woken(monkeypatch) -> None:
    monkeypatch.setattr(watcher_module, "LOOKS_BEFORE_PARKING", 2)
    loop = FakeLoop()
    watcher = Watcher(loop)
    thread = threading.Thread(target=watcher.watch)
    thread.start()
    wait_until(lambda: watcher.is_parked)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    request = Request(1)
    loop.claim.append(request)
    watcher.wake()
    wait_until(lambda: loop.appointed)
    wait_until(lambda: watcher.is_parked)
    loop.is_stopped = True
    watcher.wake()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.usefixtures("switch_interval")
def test_watcher_goes_on_looking_while_inline_requests_come(monkeypatch) -> None:
    monkeypatch.setattr(watcher_module, "LOOKS_BEFORE_PARKING", 2)
    monkeypatch.setattr(watcher_module, "LOOK_S", 0.0001)

    class Busy(FakeLoop):
        """A loop to which inline requests come all the time, for a while."""

        looks = 0

        @property
        def last_inline_ns(self) -> int:
            self.looks += 1
            self.is_stopped = self.looks > 50
            return self.looks

        @last_inline_ns.setter
        def last_inline_ns(self, _value: int) -> None:
            pass

    loop = Busy()
    Watcher(loop).watch()  # returns: it never parked
    assert loop.looks > 50
