import errno
import logging
import os
import signal

import pytest
from tests.server.plans import is_open

from penstock.server.master.family import Family, how_it_ended, send_signal
from penstock.server.signals import HANDLED, SignalQueue

pytestmark = pytest.mark.usefixtures("keep_process")


def test_child_begins_without_private_descriptors_and_log_handlers_and_with_signals_held_back(
    monkeypatch,
) -> None:
    monkeypatch.setattr(os, "fork", lambda: 0)
    private, kept = os.pipe()
    logging.getLogger().addHandler(logging.NullHandler())
    assert Family({private}).fork() == 0
    assert (is_open(private), is_open(kept)) == (False, True)
    assert set(HANDLED) <= set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    assert not logging.getLogger().handlers
    os.close(kept)


def test_child_keeps_the_private_descriptor_that_is_its_business(monkeypatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: 0)
    own, other = os.pipe()
    assert Family({own, other}).fork(keep={own}) == 0
    assert (is_open(own), is_open(other)) == (True, False)
    os.close(own)


def test_parent_hears_how_each_child_ended() -> None:
    family = Family()
    pids = []
    for status in (0, 3):
        pid = family.fork()
        if not pid:
            os._exit(status)
        pids.append(pid)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    ended = {pid: status for pid, status in family.reap() if pid in pids}  # others are of earlier tests
    assert ended == dict(zip(pids, (0, 3 << 8), strict=True))
    assert list(family.reap()) == []
    assert not set(HANDLED) & set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def test_reaping_while_a_child_lives_does_not_wait_for_it() -> None:
    family = Family()
    pid = family.fork()
    if not pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.pause()
        os._exit(0)
    assert list(family.reap()) == []
    send_signal(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    send_signal(pid, signal.SIGKILL)  # one that has ended needs none


def test_signal_for_a_child_that_is_not_its_own_yet_is_not_taken_for_the_parents(monkeypatch) -> None:
    leave = Family._leave

    def signalled(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        leave(self)

    monkeypatch.setattr(Family, "_leave", signalled)
    signals = SignalQueue(HANDLED)
    family = Family(signals.fds)
    pid = family.fork()
    if not pid:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGTERM
    assert set(signals.take()) == {signal.SIGCHLD}
    signals.close()


def test_fork_that_is_refused_leaves_signals_as_they_were(monkeypatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(BlockingIOError):
        Family().fork()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.mark.parametrize(
    ("wait_status", "expected"),
    [(0, "status=0"), (70 << 8, "status=70"), (signal.SIGKILL, "signal=SIGKILL"), (60, "signal=60")],
)
def test_end_of_a_child_is_said_in_words(wait_status: int, expected: str) -> None:
    assert how_it_ended(wait_status) == expected
