"""Messages between a master and a machine's agent, sound and hostile."""

import json
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.enrolment import (
    MAX_BYTES,
    MAX_FDS,
    PROTOCOL,
    Enrolment,
    EnrolmentError,
    Word,
    close_all,
    receive_message,
    send_message,
)

SOUND = {"name": "shop", "threads": 4, "logs": {"access_log": "/a"}, "has_ops": False}


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def open_fds() -> int:
    """How many there are; an earlier test may leave some to the collector."""
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("word", list(Word))
def test_message_arrives_as_it_was_sent(ends, word):
    send_message(ends[0], word, "text\nof lines", [0, 1])
    message = receive_message(ends[1])
    assert (message.word, message.text, len(message.fds)) == (word, "text\nof lines", 2)
    assert not any(os.get_inheritable(fd) for fd in message.fds)
    close_all(message.fds)


def test_end_of_the_connection_is_no_message(ends):
    ends[0].close()
    assert receive_message(ends[1]) is None


def test_nobody_waits_for_a_message(ends):
    with pytest.raises(BlockingIOError):
        receive_message(ends[1])


def test_nobody_waits_for_a_reader(ends):
    with pytest.raises(BlockingIOError):  # noqa: PT012 - how many fit is the kernel's business
        while True:
            send_message(ends[0], Word.REOPEN, "x" * 1000)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n", "protocol 'GET'", id="http"),
        pytest.param(b"penstock-agent/2 ENROL\n{}", "protocol 'penstock-agent/2'", id="other-version"),
        pytest.param(PROTOCOL.encode() + b" enrol\n{}", "word 'enrol'", id="unknown-word"),
        pytest.param(b"\xff" * 100, "protocol", id="bytes"),
        pytest.param(b"x" * (MAX_BYTES + 1), "beyond 32768 bytes", id="too-long"),
    ],
)
def test_what_is_no_message_is_refused_and_its_descriptors_closed(ends, packet, expected):
    before = open_fds()
    socket.send_fds(ends[0], [packet], [0, 1, 2])
    with pytest.raises(EnrolmentError, match=expected):
        receive_message(ends[1])
    assert open_fds() <= before


def test_more_descriptors_than_any_message_has_are_refused_and_closed(ends):
    before = open_fds()
    send_message(ends[0], Word.ENROL, "{}", [0] * (MAX_FDS + 1))
    with pytest.raises(EnrolmentError, match="8 descriptors"):
        receive_message(ends[1])
    assert open_fds() <= before


def test_enrolment_is_read_as_it_was_written():
    enrolment = Enrolment("shop", 4, {"access_log": "/var/log/\udcff"}, has_ops=True)
    assert Enrolment.from_text(enrolment.to_text()) == enrolment
    assert (enrolment.fd_count, Enrolment("shop", 1).fd_count) == (5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        "{}",
        "[" * 100_000,
        *(
            json.dumps(SOUND | change)
            for change in (
                {"name": 5},
                {"name": "x" * 201},
                {"threads": "4"},
                {"threads": True},
                {"threads": 0},
                {"threads": 1e9},
                {"logs": []},
                {"has_ops": 1},
            )
        ),
    ],
)
def test_enrolment_that_cannot_be_meant_is_refused(text):
    with pytest.raises(EnrolmentError, match="enrolment"):
        Enrolment.from_text(text)


@given(st.text())
def test_any_text_is_an_enrolment_or_refused(text):
    with pytest.raises(EnrolmentError):
        Enrolment.from_text(text)
