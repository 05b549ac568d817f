import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.protocol import BadTargetError, UnsupportedMethodError
from penstock.protocol.target import decode_path, parse_target


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        pytest.param("GET", "/", ("/", "", None, None), id="origin"),
        pytest.param("GET", "/a?b?c", ("/a", "b?c", None, None), id="origin-query"),
        pytest.param("GET", "/%2f%C3%a9", ("/\x2f\xc3\xa9", "", None, None), id="origin-escapes"),
        pytest.param("GET", "HTTP://a:1/b?c", ("/b", "c", "a:1", "http"), id="absolute"),
        pytest.param("GET", "https://a?c", ("/", "c", "a", "https"), id="absolute-no-path"),
        pytest.param("OPTIONS", "http://a", ("*", "", "a", "http"), id="absolute-options"),
        pytest.param("OPTIONS", "http://a?b", ("/", "b", "a", "http"), id="absolute-options-query"),
        pytest.param("OPTIONS", "*", ("*", "", None, None), id="asterisk"),
    ],
)
def test_target_names_path_query_authority_scheme(method: str, target: str, expected: tuple) -> None:
    assert parse_target(method, target) == expected


@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        pytest.param("GET", "/\xe9", "expected visible ASCII", id="latin-1"),
        pytest.param("GET", "/\x7f", "expected visible ASCII", id="del"),
        pytest.param("GET", "/ a", "expected visible ASCII", id="space"),
        pytest.param("GET", "/#a", "without a fragment", id="fragment"),
        pytest.param("GET", "", "expected a path", id="empty"),
        pytest.param("GET", "*", "OPTIONS only", id="asterisk"),
        pytest.param("GET", "mailto:a", "expected a path", id="no-authority"),
        pytest.param("GET", "ws://a/", "expected http://", id="scheme"),
        pytest.param("GET", "http://u@a/", "expected http://", id="userinfo"),
        pytest.param("GET", "/%g0", "two hexadecimal digits", id="escape"),
        pytest.param("GET", "/%00", "no %00", id="nul"),
        pytest.param("CONNECT", "a", "expected host:port", id="connect-no-port"),
        pytest.param("CONNECT", "a:", "expected host:port", id="connect-empty-port"),
        pytest.param("CONNECT", "/", "expected host:port", id="connect-path"),
    ],
)
def test_target_outside_the_forms_is_refused(method: str, target: str, message: str) -> None:
    with pytest.raises(BadTargetError, match=message):
        parse_target(method, target)


def test_connect_is_refused_as_not_implemented() -> None:
    with pytest.raises(UnsupportedMethodError, match="CONNECT to 'a:443'"):
        parse_target("CONNECT", "a:443")


@given(st.binary().filter(lambda raw: b"\0" not in raw))
def test_path_that_is_encoded_whole_decodes_to_itself(raw: bytes) -> None:
    assert decode_path("".join(f"%{byte:02x}" for byte in raw)) == raw.decode("latin-1")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_any_visible_target_is_parsed_or_refused(target: str) -> None:
    try:
        path, query, authority, scheme = parse_target("GET", target)
    except BadTargetError:
        return
    assert path.startswith("/")
    assert (authority is None) == (scheme is None)
    assert "#" not in path + query or "%23" in target
