"""Stacks written by a signal handler into a pipe."""

import faulthandler
import os
import signal
import subprocess
import sys
import threading

import pytest

from penstock.telemetry.memory import stack
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.memory.stack import (
    MAX_STACK_BYTES,
    STACK_SIGNAL,
    ask_for_stack,
    read_stack,
    show_stacks,
)

HOLDER = """
import os, re, sys
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.memory.stack import show_stacks
segment = Segment.attach(int(sys.argv[1]), writable=True)
segment.stack_fds = (-1, int(sys.argv[2]))
show_stacks(segment)
def hold_the_lock_of_the_interpreter():
    os.write(1, b"!")
    re.match("(a+)+$", "a" * 60 + "b")
hold_the_lock_of_the_interpreter()
"""


@pytest.fixture
def shown(segment):
    show_stacks(segment)
    yield segment
    faulthandler.unregister(STACK_SIGNAL)


def ask_me():
    os.kill(os.getpid(), STACK_SIGNAL)


def wait_here(gate):
    gate.wait()


def test_stack_shows_where_each_thread_stands(shown):
    gate = threading.Event()
    thread = threading.Thread(target=wait_here, args=(gate,))
    thread.start()
    lines = ask_for_stack(shown, ask_me)
    gate.set()
    thread.join()
    assert any("in wait_here" in line for line in lines)
    assert any("in ask_me" in line for line in lines)


def test_second_stack_is_not_mixed_with_the_first(shown):
    first = ask_for_stack(shown, ask_me)
    ask_me()  # nobody reads this one
    assert len(ask_for_stack(shown, ask_me)) == len(first)


def test_stack_that_came_late_can_still_be_read(shown):
    assert ask_for_stack(shown, lambda: None) == []
    ask_me()
    assert any("in ask_me" in line for line in read_stack(shown))


def test_process_that_does_not_answer_has_no_stack(segment):
    assert ask_for_stack(segment, lambda: None) == []


def test_stack_longer_than_the_pipe_is_cut_and_holds_nobody_up(shown):
    def recurse(depth):
        return recurse(depth - 1) if depth else gate.wait()

    gate = threading.Event()
    threads = [threading.Thread(target=recurse, args=(100,)) for _ in range(30)]
    for thread in threads:
        thread.start()
    lines = ask_for_stack(shown, ask_me)
    gate.set()
    for thread in threads:
        thread.join()
    assert 1000 < sum(map(len, lines)) <= 2 * MAX_STACK_BYTES


def test_text_of_a_hostile_process_is_escaped_and_bounded(segment):
    os.write(segment.stack_fds[1], b"what nobody asked for\n")

    def answer():
        os.write(segment.stack_fds[1], b"\x1b[31m\n" * 1000)

    assert set(ask_for_stack(segment, answer)) == {"\\x1b[31m"}


def test_segment_without_a_pipe_shows_nothing(segment):
    attached = Segment.attach(os.dup(segment.fd), writable=True)
    show_stacks(attached)
    assert not faulthandler.unregister(STACK_SIGNAL)
    attached.close()


def test_stack_comes_while_c_code_holds_the_interpreter(segment, monkeypatch):
    monkeypatch.setattr(stack, "FIRST_WAIT_MS", 20_000)
    monkeypatch.setattr(stack, "NEXT_WAIT_MS", 1_000)
    words = [sys.executable, "-c", HOLDER, str(segment.fd), str(segment.stack_fds[1])]
    fds = [segment.fd, segment.stack_fds[1]]
    holder = subprocess.Popen(words, pass_fds=fds, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.read(1) == b"!"
        lines = ask_for_stack(segment, lambda: holder.send_signal(STACK_SIGNAL))
        assert any("in hold_the_lock_of_the_interpreter" in line for line in lines)
        assert holder.poll() is None
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_signal_is_one_that_nobody_else_takes():
    assert signal.SIGRTMIN + 8 < STACK_SIGNAL < signal.SIGRTMAX
