"""What the agent sees of our processes; the only one that a test can show it is the test's own."""

import gc
import os
import threading

import pytest

from penstock.agent.metrics.process import PROPORTIONAL_EVERY_S, ProcessMetrics
from penstock.telemetry.memory.scoreboard import WorkerState

OWN = (("process", "agent"),)
WORKER = (("process", "worker"), ("slot", "1"))


@pytest.fixture
def look(segment, now):
    """Return a function that returns the values of a family by labels."""
    source = ProcessMetrics(segment, os.getppid(), now)

    def values(name: str) -> dict:
        (family,) = [each for each in source.families() if each.name == f"penstock_process_{name}"]
        return {sample.labels: sample.value for sample in family.samples}

    return values


def test_process_is_shown_and_a_pid_that_the_memory_claims_is_not(look, put) -> None:
    put(1, pid=os.getpid())  # as if the master had forked this process
    put(2, pid=1)  # no child of the master
    for name, least in (
        ("resident_memory_bytes", 1 << 20),
        ("cpu_seconds", 0.01),
        ("threads", threading.active_count()),
        ("open_fds", 3),
    ):
        values = look(name)
        assert values[OWN] >= least
        assert values[WORKER] >= least
        assert (("process", "worker"), ("slot", "2")) not in values


def test_template_shows_its_memory_and_is_no_worker(look, put) -> None:
    put(2, WorkerState.TEMPLATE, pid=os.getpid())
    values = look("resident_memory_bytes")
    assert values[("process", "template"), ("slot", "2")] > 1 << 20
    assert not [labels for labels in values if ("process", "worker") in labels]


def test_descriptors_are_counted(look) -> None:
    before = look("open_fds")[OWN]
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    assert look("open_fds")[OWN] == before + 5
    for fd in fds:
        os.close(fd)


def test_proportional_memory_is_read_of_one_process_a_page_and_rarely(look, put, now, monkeypatch) -> None:
    put(1, pid=os.getpid())
    read = []

    def note(pid: int) -> int:
        read.append(pid)
        return len(read) << 20

    monkeypatch.setattr("penstock.agent.metrics.process.proportional", note)
    for _ in range(4):
        look("proportional_memory_bytes")
    assert sorted(read) == sorted({os.getpid(), os.getppid()})
    now.pass_s(PROPORTIONAL_EVERY_S - 1)
    look("proportional_memory_bytes")
    assert len(read) == 2
    now.pass_s(1)
    values = look("proportional_memory_bytes")
    assert len(read) == 3
    assert values[OWN] > 1 << 20
    gc.collect()
