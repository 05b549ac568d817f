"""The agent's guardian, with real processes."""

import contextlib
import errno
import os
import select
import signal
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.server.plans import ChildError, alive, idle_agent, is_open, plan, wait_until

from penstock.server.address import TCPAddress
from penstock.server.listener import open_listeners
from penstock.server.master import guardian as guardian_module
from penstock.server.master.backoff import SHORTEST_DELAY_S
from penstock.server.master.family import Family
from penstock.server.master.guardian import LONGEST_ABSENCE_S, Guardian
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.telemetry import Segment

pytestmark = pytest.mark.usefixtures("keep_process")


@pytest.fixture
def make_guardian() -> Iterator[Callable[..., Guardian]]:
    """Make a guardian; the agent it leaves running is killed."""
    made: list[Guardian] = []
    segment = Segment.create(2, 2, 65536)
    (listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 16)

    def make(run_agent=idle_agent) -> Guardian:
        made.append(Guardian(run_agent, Family(), Heritage(segment, Identity(), [listener])))
        return made[-1]

    yield make
    for guardian in made:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if guardian.pid:
                os.kill(guardian.pid, signal.SIGKILL)
                os.waitpid(guardian.pid, 0)
    listener.close()
    segment.close()


def reap(guardian: Guardian) -> None:
    pid, wait_status = os.waitpid(guardian.pid, 0)
    assert pid == guardian.pid
    guardian.ended(wait_status)


def test_agent_that_dies_is_started_again_at_once_and_has_not_to_be_waited_for(make_guardian) -> None:
    guardian = make_guardian()
    guardian.see_to_it()
    first = guardian.pid
    assert guardian.wait_s(time.monotonic()) is None
    os.kill(first, signal.SIGKILL)
    reap(guardian)
    assert guardian.wait_s(time.monotonic()) == 0
    guardian.see_to_it()
    assert guardian.pid not in (0, first)


def test_agent_that_fails_at_once_is_not_started_without_pause(make_guardian) -> None:
    def run_agent(segment, master_pid, assume) -> None:
        raise RuntimeError("no place to log to")

    guardian = make_guardian(run_agent)
    for _ in range(4):
        guardian.start()
        reap(guardian)
    assert guardian.not_before_s > 0
    guardian.not_before_s = time.monotonic() + 60
    guardian.see_to_it()
    assert not guardian.pid


def test_agent_that_dies_again_and_again_is_never_long_away(make_guardian) -> None:
    guardian = make_guardian(lambda *_: os._exit(9))
    for _ in range(7):
        guardian.start()
        before_s = time.monotonic()
        reap(guardian)
    delay = pytest.approx(LONGEST_ABSENCE_S, abs=time.monotonic() - before_s)
    assert guardian.not_before_s - before_s == delay


def test_agent_that_cannot_be_forked_is_tried_again_later(make_guardian, monkeypatch) -> None:
    guardian = make_guardian()

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    before_s = time.monotonic()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        guardian.start()
        guardian.start()
    assert not guardian.pid
    assert guardian.wait_s(before_s) >= SHORTEST_DELAY_S


def test_agent_is_told_to_reopen_its_files(make_guardian, tmp_path: Path) -> None:
    reopened = tmp_path / "reopened"

    def run_agent(segment, master_pid, assume) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: reopened.touch())
        (tmp_path / "listening").touch()
        idle_agent(segment, master_pid, assume)

    guardian = make_guardian(run_agent)
    guardian.reopen()  # there is none
    guardian.start()
    wait_until((tmp_path / "listening").exists)
    guardian.reopen()
    wait_until(reopened.exists)


def test_stop_waits_until_the_agent_has_written_out(make_guardian, tmp_path: Path) -> None:
    def run_agent(segment, master_pid, assume) -> None:
        signal.sigwait({signal.SIGTERM})
        (tmp_path / "written").touch()

    guardian = make_guardian(run_agent)
    guardian.start()
    guardian.stop()
    assert (tmp_path / "written").exists()
    assert not alive(guardian.pid)


def test_stop_starts_an_agent_for_what_a_dead_one_has_not_written(make_guardian) -> None:
    guardian = make_guardian()
    guardian.stop()
    assert guardian.pid
    assert not alive(guardian.pid)


def test_stop_without_an_agent_that_can_be_started_does_not_wait(make_guardian, monkeypatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    make_guardian().stop()


def test_agent_that_does_not_leave_is_killed(make_guardian, monkeypatch, tmp_path: Path) -> None:
    def run_agent(segment, master_pid, assume) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (tmp_path / "deaf").touch()
        idle_agent(segment, master_pid, assume)

    monkeypatch.setattr(guardian_module, "AGENT_STOP_S", 0.1)
    guardian = make_guardian(run_agent)
    guardian.start()
    wait_until((tmp_path / "deaf").exists)
    guardian.stop()
    assert not alive(guardian.pid)


def test_agent_alone_keeps_what_is_its_business(monkeypatch) -> None:
    kept, other = os.pipe()
    family = Family({kept, other})
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(Guardian, "_live", lambda self: None)
    memory = types.SimpleNamespace(words=[0] * 16)
    Guardian(idle_agent, family, Heritage(memory, Identity(), []), {kept}).start()
    assert (is_open(kept), is_open(other)) == (True, False)
    os.close(kept)


@pytest.mark.parametrize(("fails", "expected"), [(False, 0), (True, 1)])
def test_agent_runs_without_listeners_and_ends_its_process(
    make_guardian, monkeypatch, capsys, fails, expected
) -> None:
    statuses = []

    def run_agent(segment, master_pid, assume) -> None:
        assert guardian._heritage.listeners[0].sock.fileno() == -1
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if fails:
            raise RuntimeError("no place to log to")

    def leave(status: int) -> None:
        statuses.append(status)
        raise ChildError

    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "_exit", leave)
    guardian = make_guardian(run_agent)
    with pytest.raises(ChildError):
        guardian.start()
    assert statuses == [expected]
    assert ("no place" in capsys.readouterr().err) is fails


def test_agent_of_another_master_is_waited_for(make_guardian) -> None:
    guardian = make_guardian()
    ended, ends = os.pipe()
    poll = select.poll()
    guardian.wait_for(ended, poll)
    guardian.see_to_it()
    assert not guardian.pid
    assert guardian.wait_s(time.monotonic()) is None
    guardian.stop()  # even then: two must not write
    assert not guardian.pid
    os.close(ends)
    assert poll.poll(1000)
    guardian.see_to_it()
    assert guardian.pid


def test_other_options_are_another_agents(make_guardian, tmp_path: Path) -> None:
    def leave(segment, master_pid, assume) -> None:
        (tmp_path / "waiting").touch()
        signal.sigwait({signal.SIGTERM})

    guardian = make_guardian(leave)
    guardian.replace(plan(run_agent=leave))  # there is none yet
    guardian.start()
    wait_until((tmp_path / "waiting").exists)
    first = guardian.pid
    guardian.replace(plan(run_agent=idle_agent))
    reap(guardian)
    assert guardian.wait_s(time.monotonic()) == 0
    guardian.see_to_it()
    assert guardian.pid not in (0, first)
