import os
import signal
import time

import pytest

from penstock.server.template.undertaker import Undertaker


def child(seconds: float) -> int:
    pid = os.fork()
    if not pid:
        time.sleep(seconds)
        os._exit(0)
    return pid


def test_worker_that_leaves_by_itself_is_not_killed() -> None:
    undertaker = Undertaker()
    pid = child(0.05)
    undertaker.know(pid)
    undertaker.see_off(10)
    assert os.waitpid(pid, 0)[1] == 0


def test_worker_that_stays_is_killed_after_a_while() -> None:
    undertaker = Undertaker()
    pids = [child(600), child(0)]
    for pid in pids:
        undertaker.know(pid)
    os.waitid(os.P_PID, pids[1], os.WEXITED | os.WNOWAIT)
    begun_s = time.monotonic()
    undertaker.see_off(0.1)
    assert time.monotonic() - begun_s >= 0.1
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [signal.SIGKILL, 0]


def test_those_that_have_ended_cost_no_descriptor() -> None:
    undertaker = Undertaker()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        pid = child(0)
        undertaker.know(pid)
        os.waitpid(pid, 0)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    undertaker.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("pid", [1 << 22, 0], ids=["ended-long-ago", "none"])
def test_worker_that_is_not_there_is_not_known(pid: int) -> None:
    undertaker = Undertaker()
    undertaker.know(pid)
    undertaker.see_off(10)
