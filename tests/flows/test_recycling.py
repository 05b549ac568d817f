"""Workers that are replaced for their age, their work or their size: one at a time, successor first."""

import itertools
import os
import signal

import pytest
from tests.flows.client import NumberAsker
from tests.flows.deploys import Crowd, Site
from tests.flows.harness import wait_until

from penstock.telemetry import WorkerState

pytestmark = pytest.mark.flow


def recycled(server) -> list[str]:
    return [line for line in server.errors().splitlines() if "worker.recycled" in line]


@pytest.mark.timeout(180)
def test_workers_that_have_answered_enough_are_replaced_under_load_without_a_fault(serve, tmp_path) -> None:
    site = Site(tmp_path / "site")
    (site.folder / "penstock.toml").write_text("max_requests = 300\nmax_requests_jitter = 50\n")
    server = site.serve(serve)
    crowd = Crowd(server.address, 8)
    counts: list[int] = []

    def has_replaced_four() -> bool:
        counts.append(server.states().count(WorkerState.READY))
        return len(recycled(server)) >= 4

    try:
        wait_until(has_replaced_four, "four to be replaced")
    finally:
        crowd.stop()
    assert crowd.faults() == []
    # Slots are read one after the other: a change in between shows one worker too few, for once.
    assert min(map(max, itertools.pairwise(counts))) >= 2
    assert max(map(min, itertools.pairwise(counts))) <= 3
    assert "max_requests=300 requests=" in recycled(server)[0]
    assert server.stop() == 0
    assert len(server.accesses()) == crowd.count()


def test_worker_that_has_lived_long_enough_is_replaced(serve) -> None:
    server = serve(environment={"PENSTOCK_MAX_LIFETIME_S": "1"})
    (first,) = server.workers()
    wait_until(lambda: first not in server.members(), "it to leave")
    assert "max_lifetime_s=1 " in recycled(server)[0]
    wait_until(lambda: len(server.workers()) >= 1, "its successor")
    assert server.stop() == 0


def test_worker_that_has_grown_too_large_is_replaced(serve) -> None:
    server = serve(environment={"PENSTOCK_MAX_RSS_BYTES": "1000000"})
    (first,) = server.workers()
    wait_until(lambda: first not in server.members(), "it to leave")
    assert "max_rss_bytes=1000000 rss_bytes=" in recycled(server)[0]
    assert server.stop() == 0


def test_worker_killed_under_load_has_a_successor_within_a_second(serve, bar_s) -> None:
    server = serve("-w", "2")
    server.is_noise_expected = True
    asker = NumberAsker(server.address)
    survivor = asker.ask(1)
    (victim,) = set(server.workers()) - {survivor}
    os.kill(victim, signal.SIGKILL)
    numbers = itertools.count(2)

    def has_successor() -> bool:
        assert asker.ask(next(numbers)) == survivor  # its connection is not touched
        return server.errors().count("worker.ready") == 3

    wait_until(has_successor, "the successor")
    log = server.errors().splitlines()
    exited, ready = (
        next(line for line in reversed(log) if word in line)
        for word in (f"pid={victim} signal=SIGKILL", "worker.ready")
    )
    assert "restart_in_s" not in exited  # at once
    assert seconds(ready) - seconds(exited) < bar_s(1)
    asker.client.close()
    assert server.stop() == 0


def seconds(line: str) -> float:
    """Return the time of a log line, in seconds of its hour."""
    minutes, rest = line.split("T")[1].split(":")[1:3]
    return int(minutes) * 60 + float(rest[:6])
