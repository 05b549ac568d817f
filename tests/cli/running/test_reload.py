"""`penstock reload` against a master that is a child of the test: it does on HUP what it was told before."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.running.reload import run_reload
from penstock.telemetry import ReloadState, Segment, Verdict, begin_reload, write_verdict

DONE, FAILED = ReloadState.DONE, ReloadState.FAILED


def be_master(segment: Segment, tells: int, verdicts: list[Verdict | None]) -> None:
    """Answer each HUP with the next verdicts; None = end instead."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    os.write(tells, b"x")
    signal.sigwait({signal.SIGHUP})
    for verdict in verdicts:
        if verdict is None:
            os._exit(0)
        begin_reload(segment, verdict.number)
        time.sleep(0.02)  # somebody sees it run
        write_verdict(segment, verdict)
    signal.pause()


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    """Start such a master; returns its pid."""
    pids: list[int] = []

    def run(*verdicts: Verdict | None) -> int:
        told, tells = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                segment = Segment.create(2, 2, 65536)
                begin_reload(segment, 1)
                be_master(segment, tells, list(verdicts))
            finally:
                os._exit(0)
        pids.append(pid)
        assert select.select([told], [], [], 10)[0]
        os.close(told)
        os.close(tells)
        return pid

    yield run
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def reload(pid: int, *words: str) -> int:
    return run_reload(parse_words(["reload", "--pid", str(pid), *words]))


def test_reload_without_wait_says_that_it_was_asked_for(start, capsys) -> None:
    pid = start()
    assert reload(pid) == 0
    assert capsys.readouterr().out.startswith(f"penstock: server {pid} was asked to reload")


def test_reload_that_succeeds_is_waited_for(start, capsys) -> None:
    pid = start(Verdict(2, DONE))
    assert reload(pid, "--wait") == 0
    assert capsys.readouterr().out == f"penstock: server {pid} has reloaded: generation 2 serves\n"


def test_reload_that_fails_shows_the_traceback_and_its_last_line(start, capsys) -> None:
    pid = start(Verdict(2, FAILED, "Traceback ...\n  File x\nimporting 'shop' failed"))
    with pytest.raises(CommandError, match=f"{pid} goes on with the old code: importing 'shop' failed"):
        reload(pid, "--wait")
    assert capsys.readouterr().err == "Traceback ...\n  File x\n"


def test_later_reload_that_fails_is_not_this_ones_verdict(start) -> None:
    pid = start(Verdict(2, DONE), Verdict(3, FAILED, "somebody else's"))
    assert reload(pid, "--wait") == 0


def test_verdict_whose_place_was_taken_is_the_last_ones(start) -> None:
    pid = start(*(Verdict(number, DONE) for number in range(2, 30)))
    assert reload(pid, "--wait") == 0


def test_server_that_stops_meanwhile_is_told(start) -> None:
    pid = start(None)
    with pytest.raises(CommandError, match="has stopped before the reload was done"):
        reload(pid, "--wait")


def test_server_that_is_not_there_is_told(start) -> None:
    start()
    with pytest.raises(CommandError, match="no server with pid 1;"):
        reload(1)
