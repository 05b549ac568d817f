import logging
import os
import time

import pytest

from penstock.agent.watch import LossWatch, Notice, TroubleWatch, sum_of
from penstock.telemetry.memory import layout


class FakeOutput:
    """An output whose trouble a test chooses."""

    name = "access log on standard output"
    trouble = ""
    takes_nothing = False


class FakeDrain:
    def __init__(self):
        self.output = FakeOutput()
        self.lost_lines = 0


class Dropped:
    count = 0

    def __call__(self):
        return self.count


@pytest.fixture
def drain():
    return FakeDrain()


@pytest.fixture
def dropped():
    return Dropped()


@pytest.fixture
def watch(drain, dropped, now):
    return TroubleWatch(drain, dropped, now)


def add(segment, slot, word, count):
    segment.words[segment.layout.slot_word(slot) + word] += count


def test_an_output_without_trouble_is_not_mentioned(watch):
    assert watch.look() is None


def test_trouble_is_said_once(watch, drain):
    drain.output.trouble = "No space left on device"
    message = (
        "access log on standard output: No space left on device; its lines wait in memory until it is full"
    )
    assert watch.look() == Notice(logging.ERROR, message)
    assert watch.look() is None


def test_an_output_that_is_gone_says_that_its_lines_are_lost(watch, drain):
    drain.output.trouble = "Broken pipe"
    drain.output.takes_nothing = True
    assert watch.look().message.endswith("Broken pipe; its lines are lost and counted")


def test_the_end_of_trouble_says_how_long_it_was_and_what_was_lost(watch, drain, dropped, now):
    dropped.count = 10
    watch.look()
    dropped.count = 12  # it stood still for a moment before it was called trouble
    drain.output.trouble = "nobody reads it"
    watch.look()
    now.pass_s(90)
    dropped.count = 15
    drain.lost_lines = 2
    drain.output.trouble = ""
    message = "access log on standard output: written again after 90 s; 7 records were lost"
    assert watch.look() == Notice(logging.WARNING, message)
    assert watch.look() is None


def test_what_was_dropped_before_the_agent_began_is_not_its_outputs_trouble(drain, dropped, now):
    dropped.count = 10
    watch = TroubleWatch(drain, dropped, now)
    drain.output.trouble = "nobody reads it"
    watch.look()
    drain.output.trouble = ""
    assert watch.look().message.endswith("; 0 records were lost")


def test_trouble_that_changes_is_said_and_counts_from_its_first(watch, drain, dropped, now):
    drain.output.trouble = "nobody reads it"
    watch.look()
    dropped.count = 5
    now.pass_s(10)
    drain.output.trouble = "Broken pipe"
    assert "Broken pipe" in watch.look().message
    drain.output.trouble = ""
    assert watch.look().message.endswith("after 10 s; 5 records were lost")


# Losses

COUNTERS = [
    (layout.ACCESS_DROPPED, "access records dropped: their ring was full"),
    (layout.LOG_DROPPED, "log records dropped: their ring was full"),
    (layout.TORN, "half records of killed workers skipped"),
    (layout.FAILED, "records could not be written by their worker"),
]


def test_one_word_of_all_slots_is_added_up(segment):
    add(segment, 0, layout.TORN, 1)
    add(segment, 2, layout.TORN, 5)
    assert sum_of(segment, layout.TORN) == 6


def test_nothing_lost_is_nothing_said(segment, now):
    assert LossWatch(segment, now).look(has_reason=False) == []


@pytest.mark.parametrize(("word", "what"), COUNTERS)
def test_each_loss_is_said_with_its_count(segment, now, word, what):
    watch = LossWatch(segment, now)
    add(segment, 1, word, 2)
    add(segment, 2, word, 1)
    assert watch.look(has_reason=False) == [Notice(logging.WARNING, f"3 {what}")]
    now.pass_s(100)
    assert watch.look(has_reason=False) == []


def test_what_was_lost_while_there_was_no_agent_is_said_by_the_next_one_once(segment, now):
    first = LossWatch(segment, now)
    add(segment, 1, layout.ACCESS_DROPPED, 3)
    assert [notice.message[:2] for notice in first.look(has_reason=False)] == ["3 "]
    add(segment, 1, layout.ACCESS_DROPPED, 7)  # the agent has been killed
    second = LossWatch(segment, now)
    assert [notice.message[:2] for notice in second.look(has_reason=False)] == ["7 "]
    assert LossWatch(segment, now).look(has_reason=False) == []


def test_damage_is_said(segment, now):
    watch = LossWatch(segment, now)
    segment.words[layout.AGENT_DAMAGED_WORD] += 4
    assert watch.look(has_reason=False)[0].message == "4 damaged records skipped"


def test_losses_that_go_on_are_said_each_ten_seconds(segment, now):
    watch = LossWatch(segment, now)
    add(segment, 1, layout.TORN, 1)
    watch.look(has_reason=False)
    add(segment, 1, layout.TORN, 1)
    assert watch.look(has_reason=False) == []
    add(segment, 1, layout.TORN, 1)
    now.pass_s(10)
    assert watch.look(has_reason=False)[0].message.startswith("2 ")


def test_what_was_dropped_because_of_known_trouble_is_not_said_twice(segment, now):
    watch = LossWatch(segment, now)
    add(segment, 1, layout.ACCESS_DROPPED, 5)
    add(segment, 1, layout.TORN, 1)
    assert [notice.message[0] for notice in watch.look(has_reason=True)] == ["1"]
    now.pass_s(100)
    assert watch.look(has_reason=False) == []


def test_what_was_dropped_in_silence_before_trouble_is_said_after_it(segment, now):
    watch = LossWatch(segment, now)
    add(segment, 1, layout.ACCESS_DROPPED, 1)
    assert len(watch.look(has_reason=False)) == 1
    add(segment, 1, layout.ACCESS_DROPPED, 20)
    assert watch.look(has_reason=False) == []
    add(segment, 1, layout.ACCESS_DROPPED, 300)
    assert watch.look(has_reason=True) == []
    now.pass_s(10)
    message = "20 access records dropped: their ring was full"
    assert watch.look(has_reason=False) == [Notice(logging.WARNING, message)]


def test_notice_as_an_entry_is_the_agents_of_this_moment():
    before_ns = time.monotonic_ns()
    entry = Notice(logging.WARNING, "words").as_entry()
    assert (entry.level, entry.message, entry.logger) == (logging.WARNING, "words", "penstock.agent")
    assert (entry.pid, before_ns <= entry.time_ns <= time.monotonic_ns()) == (os.getpid(), True)
