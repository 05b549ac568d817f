import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.pulse import Pulse, RunningRequest, printable, read_pulse
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.writing.recorder import Recorder

SLOT = 1


@pytest.fixture
def recorder(segment):
    made = Recorder(segment, SLOT)
    made.reset(4242, 3)
    return made


def pulse(segment):
    return read_pulse(segment.fd, segment.layout, SLOT)


def test_slot_that_was_never_used_has_no_pulse(segment):
    assert pulse(segment) == Pulse(0, 0, 0, ())


def test_each_thread_inside_the_application_is_seen(segment, recorder):
    recorder.beat(40)
    recorder.enter(0, 5, b"GET /a HTTP/1.1", "id-1")
    recorder.enter(1, 6, b"GET /b HTTP/1.1", "id-2")
    recorder.extend(1, 60)
    recorder.interrupted(1)
    assert pulse(segment) == Pulse(
        4242,
        40,
        1,
        (
            RunningRequest(0, 5, 0, "id-1", "GET /a HTTP/1.1", is_answered=False, is_interrupted=False),
            RunningRequest(1, 6, 60, "id-2", "GET /b HTTP/1.1", is_answered=False, is_interrupted=True),
        ),
    )


def test_thread_that_has_left_is_not_seen(segment, recorder):
    recorder.enter(0, 5, b"GET /a HTTP/1.1")
    recorder.leave(0)
    assert pulse(segment).running == ()


def test_interruption_of_an_earlier_request_is_none_of_the_next(segment, recorder):
    recorder.enter(0, 5, b"GET /a HTTP/1.1")
    recorder.interrupted(0)
    recorder.enter(0, 6, b"GET /b HTTP/1.1")
    (running,) = pulse(segment).running
    assert not running.is_interrupted


def test_texts_are_cut_to_their_places(segment, recorder):
    recorder.enter(0, 5, b"x" * 500, "y" * 500)
    (running,) = pulse(segment).running
    assert (running.line, running.request_id) == (
        "x" * layout.THREAD_TEXT_BYTES,
        "y" * layout.THREAD_ID_BYTES,
    )


def test_terminal_does_not_obey_what_a_client_sent(segment, recorder):
    recorder.enter(0, 5, b"GET /\x1b[31m\x9b\n HTTP/1.1", "\x07")
    (running,) = pulse(segment).running
    assert (running.line, running.request_id) == ("GET /\\x1b[31m\\x9b\\x0a HTTP/1.1", "\\x07")


def test_looking_allocates_nothing(segment):
    before = segment.fd, os.fstat(segment.fd).st_blocks
    pulse(segment)
    assert (segment.fd, os.fstat(segment.fd).st_blocks) == before


@given(st.binary(min_size=layout.THREAD_BYTES, max_size=layout.THREAD_BYTES))
def test_any_memory_makes_a_pulse(line):
    segment = Segment.create(2, 1, 65536)
    try:
        at = segment.layout.thread_at(SLOT, 0)
        segment.memory[at : at + layout.THREAD_BYTES] = line
        segment.words[segment.layout.slot_word(SLOT) + layout.BEAT_NS] = 2**64 - 1
        found = pulse(segment)
    finally:
        segment.close()
    assert found.beat_ns == 2**64 - 1
    assert len(found.running) == (struct.unpack_from("@Q", line)[0] != 0)
    assert all(text.isprintable() for running in found.running for text in (running.line, running.request_id))


def test_printable_keeps_text_and_escapes_the_rest():
    assert printable("caf\xe9\t~") == "caf\\xe9\\x09~"
