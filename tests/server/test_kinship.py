import ctypes
import os
import signal

import pytest

from penstock.server import kinship
from penstock.server.kinship import adopt_orphans, die_with, outlive_parent


def in_child(steps) -> int:
    """Run `steps` in a child, which may not return; return its wait status."""
    pid = os.fork()
    if not pid:
        try:
            steps()
        finally:
            os._exit(99)
    return os.waitpid(pid, 0)[1]


def test_orphans_of_a_process_that_adopts_become_its_children() -> None:
    def steps() -> None:
        assert adopt_orphans()
        told, tells = os.pipe()
        between = os.fork()
        if not between:
            orphan = os.fork()
            if orphan:
                os._exit(0)
            os.read(told, 1)
            os._exit(7)
        os.waitpid(between, 0)
        os.write(tells, b"x")
        assert os.waitpid(-1, 0)[1] == 7 << 8
        os._exit(0)

    assert in_child(steps) == 0


@pytest.mark.parametrize(("is_taken_back", "expected"), [(False, signal.SIGKILL), (True, 5 << 8)])
def test_child_dies_with_its_parent_unless_that_was_taken_back(is_taken_back, expected) -> None:
    def steps() -> None:
        adopt_orphans()
        begun, begins = os.pipe()
        between = os.fork()
        if not between:
            parent = os.getpid()
            if os.fork():
                os.read(begun, 1)
                os._exit(0)
            die_with(parent)
            if is_taken_back:
                outlive_parent()
            os.write(begins, b"x")
            while is_taken_back and os.getppid() == parent:
                os.sched_yield()
            if is_taken_back:
                os._exit(5)
            signal.pause()
        os.waitpid(between, 0)
        os._exit(0 if os.waitpid(-1, 0)[1] == expected else 1)

    assert in_child(steps) == 0


def test_child_whose_parent_has_gone_already_ends() -> None:
    assert in_child(lambda: die_with(1 << 22)) == 0


@pytest.mark.parametrize("fault", [OSError("no libc"), AttributeError("prctl")])
def test_machine_without_prctl_is_told_by_false(monkeypatch, fault) -> None:
    def refuse(_name):
        raise fault

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert not kinship.adopt_orphans()
