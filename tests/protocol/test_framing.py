import pytest

from penstock.protocol import (
    BadFramingError,
    BodyTooLargeError,
    ExpectationError,
    LengthRequiredError,
    PeerError,
    UnsupportedCodingError,
)
from penstock.protocol.framing import expects_continue, may_keep_alive, request_framing


@pytest.mark.parametrize(
    ("version", "method", "codings", "length", "expected"),
    [
        pytest.param("HTTP/1.1", "POST", None, None, 0, id="nothing"),
        pytest.param("HTTP/1.0", "GET", None, None, 0, id="nothing-in-1.0"),
        pytest.param("HTTP/1.0", "POST", None, "3", 3, id="counted-in-1.0"),
        pytest.param("HTTP/1.1", "GET", None, "007", 7, id="leading-zeros"),
        pytest.param("HTTP/1.1", "GET", None, "100", 100, id="at-the-limit"),
        pytest.param("HTTP/1.1", "GET", "Chunked", None, None, id="chunked"),
    ],
)
def test_a_sound_length_is_read(version: str, method: str, codings: str, length: str, expected: int) -> None:
    assert request_framing(version, method, codings, length, 100) == expected


@pytest.mark.parametrize(
    ("version", "codings", "length", "error"),
    [
        pytest.param("HTTP/1.1", "chunked", "0", BadFramingError, id="both"),
        pytest.param("HTTP/1.1", "", "0", BadFramingError, id="both-one-empty"),
        pytest.param("HTTP/1.0", "chunked", None, BadFramingError, id="chunked-in-1.0"),
        pytest.param("HTTP/1.1", "", None, BadFramingError, id="empty-coding"),
        pytest.param("HTTP/1.1", "chunked, gzip", None, BadFramingError, id="not-last"),
        pytest.param("HTTP/1.1", "chunked, chunked", None, BadFramingError, id="twice"),
        pytest.param("HTTP/1.1", ", chunked", None, BadFramingError, id="empty-element"),
        pytest.param("HTTP/1.1", "gzip;q=1 , chunked", None, UnsupportedCodingError, id="gzip"),
        pytest.param("HTTP/1.1", None, "", BadFramingError, id="empty-length"),
        pytest.param("HTTP/1.1", None, "1, 1", BadFramingError, id="list"),
        pytest.param("HTTP/1.1", None, "\u0661", BadFramingError, id="arabic-digit"),
        pytest.param("HTTP/1.1", None, "1" * 5000, BadFramingError, id="5000-digits"),
        pytest.param("HTTP/1.1", None, "101", BodyTooLargeError, id="too-large"),
        pytest.param("HTTP/1.0", None, None, LengthRequiredError, id="post-in-1.0"),
    ],
)
def test_a_length_that_could_be_read_in_two_ways_is_refused(
    version: str, codings: str, length: str, error: type[PeerError]
) -> None:
    with pytest.raises(error):
        request_framing(version, "POST", codings, length, 100)


@pytest.mark.parametrize(
    ("version", "expectation", "expected"),
    [
        ("HTTP/1.1", None, False),
        ("HTTP/1.1", "100-Continue", True),
        ("HTTP/1.0", "100-continue", False),
        ("HTTP/1.0", "tea", False),
    ],
)
def test_an_expectation_is_heard_in_http_1_1(version: str, expectation: str, *, expected: bool) -> None:
    assert expects_continue(version, expectation) is expected


def test_another_expectation_is_refused() -> None:
    with pytest.raises(ExpectationError, match="'tea'; expected 100-continue"):
        expects_continue("HTTP/1.1", "tea")


@pytest.mark.parametrize(
    ("connection", "stays", "stays_in_1_0"),
    [
        (None, True, False),
        ("keep-alive", True, True),
        ("Keep-Alive , x", True, True),
        ("close", False, False),
        ("x,\tCLOSE ,keep-alive", False, False),
        ("\xa0close", True, False),
        ("", True, False),
    ],
)
def test_connection_is_a_list_of_words(connection: str, *, stays: bool, stays_in_1_0: bool) -> None:
    assert may_keep_alive("HTTP/1.1", connection) is stays
    assert may_keep_alive("HTTP/1.0", connection) is stays_in_1_0
