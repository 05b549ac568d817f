"""Responses of scripts: every form of RFC 3875 section 6, in pieces of any size, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wsgi.cgi.error import ScriptFailedError
from penstock.wsgi.cgi.response import HeadReader, parse_head

HTML = [("Content-Type", "text/html")]


@pytest.mark.parametrize(
    ("head", "status", "fields", "local"),
    [
        pytest.param(b"Content-Type: text/html", "200 OK", HTML, "", id="6.2.1-document"),
        pytest.param(b"content-type:text/html", "200 OK", [("content-type", "text/html")], "", id="6.3-case"),
        pytest.param(b"Content-Type: text/html\r", "200 OK", HTML, "", id="6.1-crlf"),
        pytest.param(
            b"Status: 404 Gone fishing\nContent-Type: text/html",
            "404 Gone fishing",
            HTML,
            "",
            id="6.3.3-status",
        ),
        pytest.param(b"Status: 204", "204 ", [], "", id="6.3.3-no-reason"),
        pytest.param(
            b"Location: /b.sh?x=1", "302 Found", [("Location", "/b.sh?x=1")], "/b.sh?x=1", id="6.2.2-local"
        ),
        pytest.param(
            b"Location: http://b.example/",
            "302 Found",
            [("Location", "http://b.example/")],
            "",
            id="6.2.3-client",
        ),
        pytest.param(
            b"Location: //b.example/", "302 Found", [("Location", "//b.example/")], "", id="other-host"
        ),
        pytest.param(
            b"Status: 303 See Other\nLocation: /b",
            "303 See Other",
            [("Location", "/b")],
            "",
            id="path-with-status-is-the-clients",
        ),
        pytest.param(
            b"Status: 301 Moved\nLocation: http://b.example/\nContent-Type: text/html",
            "301 Moved",
            [("Location", "http://b.example/"), *HTML],
            "",
            id="6.2.4-with-document",
        ),
        pytest.param(
            b"Content-Type: text/html\nSet-Cookie: a=1\nSet-Cookie: b=2",
            "200 OK",
            [*HTML, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
            "",
            id="6.3.4-protocol-fields",
        ),
        pytest.param(
            b"Content-Type: text/html\nConnection: close\nTransfer-Encoding: chunked\nX-CGI-Note: x",
            "200 OK",
            HTML,
            "",
            id="6.3.4-6.3.5-not-passed-on",
        ),
        pytest.param(
            b"Content-Type: text/html\nX-A: caf\xe9", "200 OK", [*HTML, ("X-A", "caf\xe9")], "", id="bytes"
        ),
    ],
)
def test_header_section_is_understood(head, status, fields, local) -> None:
    found = parse_head(head, is_nph=False)
    assert (found.status, found.fields, found.local) == (status, fields, local)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        pytest.param(b"X-A: b", "expected one of them", id="6.3-no-cgi-field"),
        pytest.param(b"", "header line ''", id="empty"),
        pytest.param(b"Content-Type: a/b\nContent-Type: c/d", "'Content-Type' twice", id="6.3-twice"),
        pytest.param(b"Location: /a\nlocation: /b", "'location' twice", id="6.3-twice-other-case"),
        pytest.param(b"Content-Type: a/b\n c", "expected Name: value, not folded", id="folded"),
        pytest.param(b"Content-Type : a/b", "expected Name: value", id="space-before-colon"),
        pytest.param(b"Content-Type a/b", "expected Name: value", id="no-colon"),
        pytest.param(b"<html>", "expected Name: value", id="forgot-the-head"),
        pytest.param(b"Content-Type: a\0b", "control characters", id="nul"),
        pytest.param(b"Content-Type: a\rb", "control characters", id="bare-cr"),
        pytest.param(
            b"Content-Type: a/b\nContent-Length: +5", "expected one run of 1 to 19 digits", id="length"
        ),
        pytest.param(
            b"Content-Type: a/b\nContent-Length: 5\ncontent-length: 5", "Content-Length", id="length-twice"
        ),
        pytest.param(b"Status: 99 No", "expected 200 to 599", id="status-too-low"),
        pytest.param(b"Status: 101 Switching", "expected 200 to 599", id="status-1xx"),
        pytest.param(b"Status: ok", "expected 200 to 599", id="status-word"),
        pytest.param(
            b"HTTP/1.1 200 OK\nContent-Type: a/b", "header line 'HTTP/1.1 200 OK'", id="status-line"
        ),
    ],
)
def test_header_section_that_is_none_is_refused(head, message) -> None:
    with pytest.raises(ScriptFailedError, match=message) as caught:
        parse_head(head, is_nph=False)
    assert caught.value.status == "502 Bad Gateway"


def test_non_parsed_header_script_says_its_own_status_line() -> None:
    """Section 5."""
    found = parse_head(b"HTTP/1.0 299 Odd\r\nServer: mine\r\nConnection: close\r", is_nph=True)
    assert (found.status, found.fields) == ("299 Odd", [("Server", "mine")])
    assert parse_head(b"HTTP/1.1 200 OK", is_nph=True).fields == []


@pytest.mark.parametrize("head", [b"Content-Type: a/b", b"HTTP/1.1 100 Continue", b"HTTP/2 200 OK"])
def test_non_parsed_header_script_without_a_status_line_is_refused(head) -> None:
    with pytest.raises(ScriptFailedError):
        parse_head(head, is_nph=True)


WHOLE = b"Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nbody\n\nmore"


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_head_is_found_in_pieces_of_any_size_and_the_rest_is_kept(size) -> None:
    reader = HeadReader(1000, is_nph=False)
    pieces = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
    found, rest = None, b""
    for piece in pieces:
        if found is None:
            answer = reader.receive(piece)
            if answer:
                found, rest = answer
        else:
            rest += piece
    assert found is not None
    assert (found.status, rest) == ("201 Made", b"body\n\nmore")


@pytest.mark.parametrize(
    "text",
    [b"Content-Type: " + b"a" * 100, b"Content-Type: " + b"a" * 100 + b"\n\n"],
    ids=["endless", "ended"],
)
def test_head_that_is_too_long_is_refused(text) -> None:
    with pytest.raises(ScriptFailedError, match="header section of more than 64 bytes"):
        HeadReader(64, is_nph=False).receive(text)


@given(text=st.binary(max_size=120), is_nph=st.booleans())
def test_any_output_is_a_head_or_refused(text, is_nph) -> None:
    try:
        answer = HeadReader(100, is_nph=is_nph).receive(text + b"\n\n")
    except ScriptFailedError:
        return
    assert answer is not None
    head, _ = answer
    assert not any(character in name + value for name, value in head.fields for character in "\r\n\0")
