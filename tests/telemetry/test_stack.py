"""Stacks written by a signal handler into the sealed memory."""

import faulthandler
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from penstock.telemetry import layout
from penstock.telemetry.segment import Segment
from penstock.telemetry.stack import STACK_SIGNAL, StackWriter, clear_stack, read_stack

SLOT = 1


@pytest.fixture
def writer(segment):
    made = StackWriter(segment, SLOT)
    yield made
    made.close()


def ask_for_stack():
    os.kill(os.getpid(), STACK_SIGNAL)


def test_stack_shows_where_each_thread_stands(segment, writer):
    gate = threading.Event()
    thread = threading.Thread(target=wait_here, args=(gate,))
    thread.start()
    ask_for_stack()
    gate.set()
    thread.join()
    lines = read_stack(segment, SLOT)
    assert any("in wait_here" in line for line in lines)
    assert any("in ask_for_stack" in line for line in lines)


def wait_here(gate):
    gate.wait()


def test_slot_that_was_not_asked_has_no_stack(segment, writer):
    assert read_stack(segment, SLOT) == []


def test_neighbours_place_stays_empty(segment, writer):
    ask_for_stack()
    assert read_stack(segment, 0) == []


def test_second_stack_takes_the_place_of_the_first(segment, writer):
    ask_for_stack()
    first = read_stack(segment, SLOT)
    clear_stack(segment, SLOT)
    assert read_stack(segment, SLOT) == []
    writer.rewind()
    ask_for_stack()
    assert len(read_stack(segment, SLOT)) == len(first) > 0


def test_stack_longer_than_its_place_ends_with_the_memory_and_not_the_process():
    segment = Segment.create(1, 1, 65536)
    writer = StackWriter(segment, 0)
    os.lseek(writer._fd, segment.layout.total_bytes - 100, os.SEEK_SET)
    ask_for_stack()
    assert os.fstat(segment.fd).st_size == segment.layout.total_bytes
    assert bytes(segment.memory[-100:]).strip(b"\0")
    writer.close()
    segment.close()


def test_text_of_a_hostile_process_is_escaped_and_bounded(segment):
    at = segment.layout.stack_at(SLOT)
    segment.memory[at : at + layout.STACK_BYTES] = (b"\x1b[31m\n" * layout.STACK_BYTES)[: layout.STACK_BYTES]
    lines = read_stack(segment, SLOT)
    assert set(lines) <= {"\\x1b[31m", "\\x1b[", "\\x1b[3", "\\x1b[31", "\\x1b"}
    assert len(lines) <= layout.STACK_BYTES


def test_without_a_descriptor_to_open_there_is_no_stack_and_no_failure(monkeypatch, segment):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    writer = StackWriter(segment, SLOT)
    writer.rewind()
    writer.close()
    assert not faulthandler.unregister(STACK_SIGNAL)


HOLDER = """
import os, re, sys
from penstock.telemetry.segment import Segment
from penstock.telemetry.stack import StackWriter
segment = Segment.attach(int(sys.argv[1]), writable=True)
StackWriter(segment, 1)
def hold_the_lock_of_the_interpreter():
    os.write(1, b"!")
    re.match("(a+)+$", "a" * 60 + "b")
hold_the_lock_of_the_interpreter()
"""


def test_stack_comes_while_c_code_holds_the_interpreter(segment):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(segment.fd)], pass_fds=[segment.fd], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.read(1) == b"!"
        give_up_s = time.monotonic() + 10
        while not read_stack(segment, SLOT):
            holder.send_signal(STACK_SIGNAL)
            assert time.monotonic() < give_up_s
        assert re.search("in hold_the_lock_of_the_interpreter", "\n".join(read_stack(segment, SLOT)))
        assert holder.poll() is None
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_signal_is_one_that_nobody_else_takes():
    assert signal.SIGRTMIN + 8 < STACK_SIGNAL < signal.SIGRTMAX
