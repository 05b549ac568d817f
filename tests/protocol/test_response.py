import itertools

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config import ProtocolConfig
from penstock.protocol import (
    CONTINUE,
    LAST_CHUNK,
    BadResponseError,
    FieldLineTable,
    Framing,
    ResponseHead,
    encode_chunk,
    encode_early_hints,
    finish_response_head,
    parse_response_head,
)

DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
TAIL = DATE + b"Server: penstock\r\n\r\n"


@pytest.fixture
def table() -> FieldLineTable:
    return FieldLineTable(ProtocolConfig())


def head_of(*headers: tuple[str, str], status: str = "200 OK") -> ResponseHead:
    return parse_response_head(status, list(headers), FieldLineTable(ProtocolConfig()))


def finish(head: ResponseHead, **changes: object) -> tuple[bytes, Framing, bool]:
    arguments = {
        "method": "GET",
        "version": "HTTP/1.1",
        "keep_alive": True,
        "body_length": None,
        "date_line": DATE,
    }
    return finish_response_head(head, **(arguments | changes))


# ---- Checking


def test_a_head_holds_the_lines_in_order(table: FieldLineTable) -> None:
    headers = [("Content-Type", "text/plain"), ("content-length", "3"), ("X", " \ta b\t ")]
    head = parse_response_head("200 OK", headers, table)
    assert head.block == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 3\r\nX: a b\r\n"
    assert (head.status_code, head.content_length, head.has_date, head.has_server) == (200, 3, False, False)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("200 OK", b"HTTP/1.1 200 OK\r\n"),
        ("599 \xc4h, so", b"HTTP/1.1 599 \xc4h, so\r\n"),
        ("418", b"HTTP/1.1 418 \r\n"),
        ("204 ", b"HTTP/1.1 204 \r\n"),
    ],
)
def test_a_status_may_have_any_reason(status: str, line: bytes) -> None:
    assert head_of(status=status).block == line


@pytest.mark.parametrize(
    "status",
    [
        "",
        "OK",
        "20 OK",
        "2000 OK",
        "100 Continue",
        "101 Switching",
        "600 No",
        "200OK",
        "200  OK\r\nX: y",
        "200 \u20ac",
        "+20 OK",
        "\u0662\u0660\u0660 OK",
        " 200 OK",
        "200 a\0",
        b"200 OK",
        None,
        200,
    ],
)
def test_a_status_outside_the_grammar_is_refused(status: object) -> None:
    with pytest.raises(BadResponseError, match="expected 200 to 599"):
        head_of(status=status)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (("X", "a\r\nY: b"), "without control characters"),
        (("X", "a\nb"), "without control characters"),
        (("X", "a\rb"), "without control characters"),
        (("X", "a\0"), "without control characters"),
        (("X", "\x7f"), "without control characters"),
        (("X", "\u010a"), "expected latin-1"),
        (("X", "\u20ac"), "expected latin-1"),
        (("X", "\udce9"), "expected latin-1"),
        (("X", "\x0b a"), "without control characters"),
        (("X\r\nY", "a"), "expected a token"),
        (("X Y", "a"), "expected a token"),
        (("X:", "a"), "expected a token"),
        (("", "a"), "expected a token"),
        (("\xe9", "a"), "expected a token"),
        (("Content-Length", "+5"), "1 to 19 digits"),
        (("Content-Length", "5, 5"), "1 to 19 digits"),
        (("Content-Length", ""), "1 to 19 digits"),
        (("content-LENGTH", "\u0665"), "expected latin-1"),
        ((b"X", "a"), "tuple of two str"),
        (("X", b"a"), "tuple of two str"),
        (("X", 1), "tuple of two str"),
        (("X", None), "tuple of two str"),
        (("X",), "tuple of two str"),
        (("X", "a", "b"), "tuple of two str"),
        ("Xa", "tuple of two str"),
        (["X", "a"], "list of tuples"),
        (None, "tuple of two str"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_each_time(
    table: FieldLineTable, header: object, message: str
) -> None:
    for _ in range(2):
        with pytest.raises(BadResponseError, match=message):
            parse_response_head("200 OK", [header], table)


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "keep-alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Trailers",
        "TRANSFER-ENCODING",
        "Upgrade",
    ],
)
def test_a_header_of_the_connection_is_refused(name: str) -> None:
    with pytest.raises(BadResponseError, match="belongs to the connection"):
        head_of((name, "a"))


def test_headers_that_are_no_sequence_are_refused(table: FieldLineTable) -> None:
    with pytest.raises(BadResponseError, match="expected a list of tuples"):
        parse_response_head("200 OK", None, table)


@pytest.mark.parametrize("other", ["3", "4"])
def test_two_lengths_are_refused(other: str) -> None:
    with pytest.raises(BadResponseError, match="Content-Length twice"):
        head_of(("Content-Length", "3"), ("content-length", other))


@given(st.text(), st.text(), st.text())
def test_any_head_that_passes_has_exactly_its_lines(status: str, name: str, value: str) -> None:
    try:
        head = head_of((name, value), status=status)
    except BadResponseError:
        return
    assert head.block.count(b"\r\n") == head.block.count(b"\n") == head.block.count(b"\r") == 2
    assert b"\0" not in head.block


# ---- Remembering


def test_a_head_that_was_seen_is_not_parsed_again(table: FieldLineTable) -> None:
    first = parse_response_head("200 OK", [("X", "a")], table)
    assert parse_response_head("200 OK", [("X", "a")], table) is first


def test_set_cookie_is_never_remembered(table: FieldLineTable) -> None:
    head = parse_response_head("200 OK", [("Set-Cookie", " a=b"), ("X", "a")], table)
    assert head.block.endswith(b"Set-Cookie: a=b\r\nX: a\r\n")
    assert (list(table), table.heads) == ([("X", "a")], {})


def test_a_flood_of_new_headers_never_grows_a_table_beyond_its_bound() -> None:
    table = FieldLineTable(ProtocolConfig(max_memo_entries=7))
    for number in range(2000):
        parse_response_head(f"200 {number}", [(f"X-{number}", str(number))], table)
        assert len(table) <= 7
        assert len(table.heads) <= 512
        assert len(table.status_lines) <= 256
        assert len(table._names) <= 1024


def test_long_lines_heads_names_and_statuses_are_not_remembered(table: FieldLineTable) -> None:
    parse_response_head("200 " + "a" * 300, [("X" * 65, "a" * 1000)], table)
    assert [len(table), len(table.heads), len(table.status_lines), len(table._names)] == [0, 0, 0, 0]


def test_a_table_without_entries_remembers_nothing() -> None:
    table = FieldLineTable(ProtocolConfig(max_memo_entries=0))
    parse_response_head("200 OK", [("X", "a")], table)
    assert [len(table), len(table.heads), len(table.status_lines)] == [0, 0, 0]


# ---- Framing

BODY = {"body_length": 3}
CLOSE = {"keep_alive": False}
OLD = {"version": "HTTP/1.0"}
HEAD = {"method": "HEAD"}
CLOSED = "Content-Length: 3|Connection: close"


def test_a_plain_response_gets_date_and_server() -> None:
    head = head_of(("Content-Length", "3"))
    assert finish(head, body_length=3) == (head.block + TAIL, Framing.LENGTH, True)


def test_date_and_server_of_the_application_are_left_alone() -> None:
    head = head_of(("Content-Length", "0"), ("date", "today"), ("SERVER", "mine"))
    assert finish(head, body_length=0)[0] == head.block + b"\r\n"


@pytest.mark.parametrize(
    ("headers", "changes", "added", "framing", "stays"),
    [
        pytest.param([], {"body_length": 3}, "Content-Length: 3", "LENGTH", True, id="known"),
        pytest.param([], {"body_length": 0}, "Content-Length: 0", "LENGTH", True, id="empty"),
        pytest.param([], {}, "Transfer-Encoding: chunked", "CHUNKED", True, id="stream"),
        pytest.param(["3"], {}, "", "LENGTH", True, id="stream-with-length"),
        pytest.param([], BODY | CLOSE, CLOSED, "LENGTH", False, id="close"),
        pytest.param(["3"], BODY | CLOSE, "Connection: close", "LENGTH", False, id="close-with-length"),
        pytest.param([], CLOSE, "Transfer-Encoding: chunked|Connection: close", "CHUNKED", False, id="both"),
        pytest.param(["3"], {"body_length": 2}, "Connection: close", "LENGTH", False, id="too-short"),
        pytest.param(["3"], {"body_length": 4}, "Connection: close", "LENGTH", False, id="too-long"),
        pytest.param([], OLD, "Connection: close", "CLOSE", False, id="stream-1.0"),
        pytest.param(["3"], OLD, "Connection: keep-alive", "LENGTH", True, id="length-1.0"),
        pytest.param([], OLD | BODY | CLOSE, CLOSED, "LENGTH", False, id="close-1.0"),
        pytest.param([], HEAD, "", "NONE", True, id="head-stream"),
        pytest.param([], HEAD | {"body_length": 0}, "", "NONE", True, id="head-empty"),
        pytest.param([], HEAD | BODY, "Content-Length: 3", "NONE", True, id="head-body"),
        pytest.param(["3"], HEAD | {"body_length": 0}, "", "NONE", True, id="head-length"),
        pytest.param([], HEAD | OLD, "Connection: keep-alive", "NONE", True, id="head-1.0"),
    ],
)  # fmt: skip
def test_framing_follows_method_version_and_length(
    headers: list[str], changes: dict[str, object], added: str, framing: str, *, stays: bool
) -> None:
    lines = b"".join(line.encode() + b"\r\n" for line in added.split("|") if line)
    head = head_of(*(("Content-Length", value) for value in headers))
    assert finish(head, **changes) == (head.block + lines + TAIL, Framing[framing], stays)


@pytest.mark.parametrize("body_length", [None, 0, 3])
def test_204_has_neither_body_nor_length(body_length: int | None) -> None:
    head = head_of(("Content-Length", "3"), ("X", "a"), status="204 No Content")
    assert head.block == b"HTTP/1.1 204 No Content\r\nX: a\r\n"
    assert finish(head, body_length=body_length) == (head.block + TAIL, Framing.NONE, True)


@pytest.mark.parametrize("lengths", [[], ["3"]])
@pytest.mark.parametrize("body_length", [None, 0, 3])
def test_304_has_no_body_and_keeps_the_length_that_was_said(
    lengths: list[str], body_length: int | None
) -> None:
    head = head_of(*(("Content-Length", value) for value in lengths), status="304 Not Modified")
    assert finish(head, body_length=body_length) == (head.block + TAIL, Framing.NONE, True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("status", "length", "is_known", "version", "keep_alive"),
    list(
        itertools.product(
            ["200 OK", "204 No Content", "304 Not Modified", "500 Oh"],
            [None, "3"],
            [True, False],
            ["HTTP/1.1", "HTTP/1.0"],
            [True, False],
        )
    ),
)
def test_h11_reads_every_response_as_it_was_meant(
    method: str, status: str, length: str | None, version: str, *, is_known: bool, keep_alive: bool
) -> None:
    head = head_of(*([("Content-Length", length)] if length else []), status=status)
    wire, framing, stays = finish(
        head, method=method, version=version, keep_alive=keep_alive, body_length=3 if is_known else None
    )
    if framing is Framing.CHUNKED:
        wire += encode_chunk(b"abc") + LAST_CHUNK
    elif framing is not Framing.NONE:
        wire += b"abc"
    client = h11.Connection(h11.CLIENT)
    if method == "POST":
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    else:
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    if framing is Framing.CLOSE:
        client.receive_data(b"")
    assert client.next_event().status_code == head.status_code
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert body == (b"" if framing is Framing.NONE else b"abc")
    # h11 closes after any response of HTTP/1.0; ours says HTTP/1.1 always.
    assert (client.their_state is h11.DONE) == stays


def test_chunks_are_framed_and_an_empty_one_is_none() -> None:
    assert encode_chunk(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
    assert encode_chunk(b"") == b""


# ---- 1xx


def test_early_hints_are_a_head_of_their_own(table: FieldLineTable) -> None:
    assert encode_early_hints([("Link", "</a>; rel=preload")], table) == (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
    )


@pytest.mark.parametrize(
    "header", [("Content-Length", "3"), ("Connection", "close"), ("X", "a\n"), ["X", "a"], None]
)
def test_early_hints_refuse_what_a_response_refuses_and_lengths(
    table: FieldLineTable, header: object
) -> None:
    with pytest.raises(BadResponseError):
        encode_early_hints([header], table)


def test_h11_reads_100_and_103_before_the_response(table: FieldLineTable) -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x"), ("Expect", "100-continue")]))
    client.receive_data(CONTINUE + encode_early_hints([("Link", "a")], table))
    client.receive_data(finish(head_of(), body_length=0)[0])
    assert [client.next_event().status_code for _ in range(3)] == [100, 103, 200]
