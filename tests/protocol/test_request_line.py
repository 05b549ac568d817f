import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.protocol import BadLineEndError, BadRequestLineError, BadTargetError, PeerError, VersionError
from penstock.protocol.request_line import _parse_other_request_line, parse_request_line


def test_an_ordinary_line_is_ordinary() -> None:
    line = b"GET /a?b HTTP/1.1\r"
    assert parse_request_line(line) == ("GET", "/a?b", "/a", "b", "HTTP/1.1", None, None, line[:-1], True)


@pytest.mark.parametrize(
    ("line", "is_ordinary"),
    [
        pytest.param(b"M-SEARCH /%41 HTTP/1.1\r", True, id="method"),
        pytest.param(b"OPTIONS * HTTP/1.1\r", True, id="asterisk"),
        pytest.param(b"GET / HTTP/1.0\r", False, id="http-1.0"),
        pytest.param(b"GET http://a/ HTTP/1.1\r", False, id="absolute"),
    ],
)
def test_a_line_that_needs_a_second_look_says_so(line: bytes, *, is_ordinary: bool) -> None:
    assert parse_request_line(line)[8] is is_ordinary


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        pytest.param(b"GET / HTTP/1.1", BadLineEndError, "expected CRLF", id="no-cr"),
        pytest.param(b"GET / HTTP/2.0\r", VersionError, "expected HTTP/1.1 or HTTP/1.0", id="version"),
        pytest.param(b"GET /\r", BadRequestLineError, "expected method, target and version", id="http-0.9"),
        pytest.param(b"GET / HTTP/1.1\r\r", BadRequestLineError, "expected method", id="two-cr"),
        pytest.param(b"G(T / HTTP/1.1\r", BadRequestLineError, "expected a token", id="method"),
        pytest.param(b"GET /\xe9 HTTP/1.1\r", BadTargetError, "visible ASCII", id="latin-1"),
        pytest.param(b"\r", BadRequestLineError, "expected method", id="empty"),
        pytest.param(b"", BadLineEndError, "expected CRLF", id="nothing"),
    ],
)
def test_a_line_outside_the_grammar_is_refused(line: bytes, error: type[PeerError], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_request_line(line)


def outcome(parse, *args) -> object:
    try:
        return parse(*args)
    except PeerError as error:
        return type(error)


@given(
    st.sampled_from([b"GET", b"POST", b"CONNECT", b"get", b""]),
    st.one_of(st.binary(max_size=8), st.from_regex(rb"/[!-~]{0,8}", fullmatch=True)),
    st.sampled_from([b"HTTP/1.1\r", b"HTTP/1.0\r", b"HTTP/1.1"]),
)
def test_the_quick_reading_agrees_with_the_general_one(method: bytes, target: bytes, version: bytes) -> None:
    line = b" ".join([method, target, version])
    assert outcome(parse_request_line, line) == outcome(_parse_other_request_line, line, line.split(b" "))
