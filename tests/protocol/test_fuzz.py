"""Any bytes are framed or refused, never anything else; however they were cut, and whoever came before."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.config import ProtocolConfig
from penstock.protocol import FieldTable

# Small alphabets of what matters: random bytes alone never get past the first line.
LINES = [
    b"GET / HTTP/1.1\r\n",
    b"POST /a?b HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.0\r\n",
    b"GET http://y/ HTTP/1.1\r\n",
    b"GET /\r\n",
    b"GET / HTTP/2.0\r\n",
]
FIELDS = [
    b"Host: x\r\n",
    b"Host: y\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"content-length:7\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Expect: 100-continue\r\n",
    b"X_Y: a\r\n",
    b"X-Forwarded-For: a\r\n",
    b"X: a\r\n",
    b"X : a\r\n",
    b" a\r\n",
]
PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"2;a=b\r\nhi\r\n",
    b"hello",
]

MESSAGES = st.lists(st.sampled_from(LINES + FIELDS + PIECES), max_size=14).map(b"".join)
SOUND_HEADS = st.builds(
    lambda line, fields, body: line + b"Host: x\r\n" + b"".join(fields) + b"\r\n" + body,
    st.sampled_from(LINES[:2]),
    st.lists(st.sampled_from(FIELDS[2:]), max_size=4),
    st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join),
)
WIRE = st.one_of(
    MESSAGES, SOUND_HEADS, st.lists(SOUND_HEADS, max_size=3).map(b"".join), st.binary(max_size=60)
)
CONFIG = ProtocolConfig(max_body_bytes=6)


@settings(max_examples=1500, deadline=None)
@given(wire=WIRE, cuts=st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_are_framed_or_refused_the_same_however_cut(hear, wire: bytes, cuts: list[int]) -> None:
    whole = hear([wire], CONFIG)
    assert (whole.error is None) == whole.is_closed
    places = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    parts = [wire[i:j] for i, j in itertools.pairwise(places)]
    assert hear(parts, CONFIG).verdict == whole.verdict
    assert hear([wire[i : i + 1] for i in range(len(wire))], CONFIG).verdict == whole.verdict


@settings(max_examples=500, deadline=None)
@given(first=WIRE, second=WIRE)
def test_what_one_connection_sent_changes_nothing_for_the_next(hear, first: bytes, second: bytes) -> None:
    table = FieldTable(CONFIG)
    hear([first], CONFIG, table)
    assert hear([second], CONFIG, table).summary == hear([second], CONFIG).summary


@settings(max_examples=500, deadline=None)
@given(wire=WIRE)
def test_what_comes_out_is_within_what_was_promised(hear, wire: bytes) -> None:
    for head, body, is_whole in hear([wire], CONFIG).requests:
        assert head.version == "HTTP/1.0" or "HTTP_HOST" in head.fields
        assert not {"HTTP_CONNECTION", "HTTP_TRANSFER_ENCODING", "HTTP_X_Y", ""} & set(head.fields)
        assert (head.content_length is None) == head.chunked
        assert len(body) <= 6
        if is_whole and not head.chunked:
            assert len(body) == head.content_length
        assert head.line in wire
        assert not {"\r", "\n", "\0"} & set("".join(head.fields.values()))
