import io
import logging
import os
import sys
import threading

import pytest

from penstock.telemetry.records.record import LOG
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.trace import CURRENT, RequestTrace
from penstock.telemetry.writing.printed import PrintedStream, capture_prints
from penstock.telemetry.writing.recorder import Recorder


@pytest.fixture
def streams(monkeypatch):
    """The standard streams as a test leaves them are put back."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    return sys.stdout, sys.stderr


@pytest.fixture
def recorder(segment):
    return Recorder(segment, 1, wait=lambda _: None)


@pytest.fixture
def said(segment):
    """Everything recorded in a slot: logger, request id, thread, message."""

    def read(slot=1):
        batch = RingReader(segment, segment.layout.log_ring(slot), LOG).take(1000)
        found = []
        for row in batch.rows if batch else ():
            text = batch.text[row[1] - batch.rows[0][1] : row[2] - batch.rows[0][1]].decode()
            parts, start = [], 0
            for length in row[6:11]:
                parts.append(text[start : start + length])
                start += length
            found.append((*parts[:4], row[5]))
        return found

    return read


def test_a_printed_line_is_a_record(streams, recorder, said):
    capture_prints(recorder)
    print("one", "two")
    print("bad", file=sys.stderr)
    thread = threading.current_thread().name
    assert said() == [
        ("stdout", "", thread, "one two", logging.INFO),
        ("stderr", "", thread, "bad", logging.WARNING),
    ]
    assert streams[0].getvalue() == streams[1].getvalue() == ""


def test_a_line_carries_the_request_it_was_printed_for(streams, recorder, said):
    trace = RequestTrace()
    trace.own_id = "1f3a"
    recorder.enter(0, 1, b"GET /", "1f3a", trace)
    try:
        capture_prints(recorder)
        print("x")
    finally:
        CURRENT.set(None)
    assert said()[0][1] == "1f3a"


def test_text_is_recorded_when_its_line_ends(streams, recorder, said):
    capture_prints(recorder)
    print("one ", end="", flush=True)
    assert said() == []
    print("two\nthree\n\nfo", end="")
    assert [message for _, _, _, message, _ in said()] == ["one two", "three"]
    sys.stdout.finish()
    sys.stdout.finish()
    assert [message for _, _, _, message, _ in said()] == ["one two", "three", "fo"]


def test_threads_do_not_mix_their_lines(streams, recorder, said):
    capture_prints(recorder)
    print("begun", end=" ")
    thread = threading.Thread(target=print, args=("whole",), name="other")
    thread.start()
    thread.join()
    print("ended")
    assert [(name, message) for _, _, name, message, _ in said()] == [
        ("other", "whole"),
        (threading.current_thread().name, "begun ended"),
    ]


def test_a_line_without_end_comes_in_pieces(streams, recorder, said):
    capture_prints(recorder)
    sys.stdout.write("x" * 20_000)
    assert [len(message) for _, _, _, message, _ in said()] == [8000, 8000]
    sys.stdout.finish()
    assert len(said()[-1][3]) == 4000


def test_a_forked_child_prints_where_it_did_before(segment, recorder, said, tmp_path):
    with (tmp_path / "out").open("w+") as before:
        stream = PrintedStream(recorder, "stdout", logging.INFO, before)
        pid = os.fork()
        if pid == 0:
            stream.write("from the child\n")
            before.flush()
            os._exit(0)
        os.waitpid(pid, 0)
        before.seek(0)
        assert before.read() == "from the child\n"
    assert said() == []


def test_a_stream_that_a_handler_holds_records_for_the_worker_that_was_forked(
    segment, streams, recorder, said
):
    capture_prints(recorder)
    held = sys.stdout
    capture_prints(Recorder(segment, 2, wait=lambda _: None))
    assert sys.stdout is held
    held.write("x\n")
    assert said() == []
    assert said(2)[0][3] == "x"


def test_whatever_can_be_printed_is_recorded(streams, recorder, said):
    capture_prints(recorder)
    print("a\x00b\ud800é\x1b[2J")
    assert said()[0][3] == "a\x00b\\ud800é\x1b[2J"


def test_it_is_a_stream_like_the_one_before(tmp_path, recorder):
    with (tmp_path / "out").open("w") as before:
        stream = PrintedStream(recorder, "stdout", logging.INFO, before)
        assert stream.fileno() == before.fileno()
        assert stream.buffer is before.buffer
        assert stream.encoding == "utf-8"
        assert stream.writable()
        assert not stream.isatty()
        assert not stream.closed
        stream.buffer.write(b"bytes\n")
        stream.flush()
        assert (tmp_path / "out").read_text() == "bytes\n"
    stream.flush()  # closed before
