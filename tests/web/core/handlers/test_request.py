"""Requests as WSGI brings them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import BadRequest
from penstock.web.core.handlers.request import LimitedStream, WSGIRequest, get_path_info, get_script_name


def make(**environ):
    return WSGIRequest({"REQUEST_METHOD": "get", "wsgi.input": io.BytesIO(b""), **environ})


def test_environ_is_meta_and_holds_the_decoded_paths():
    environ = {"REQUEST_METHOD": "post", "PATH_INFO": "/\xc3\xa9", "SCRIPT_NAME": "/\xc3\xbc"}
    request = WSGIRequest(environ)
    assert request.META is request.environ is environ
    assert (environ["PATH_INFO"], environ["SCRIPT_NAME"], request.method) == ("/é", "/ü", "POST")


@pytest.mark.parametrize(
    ("path_info", "script_name", "path", "decoded"),
    [
        pytest.param("/a/b", "", "/a/b", "/a/b", id="plain"),
        pytest.param("/a", "/s/", "/s/a", "/a", id="script-name"),
        pytest.param("", "/s", "/s/", "/", id="nothing-is-the-root"),
        pytest.param("//x", "", "//x", "//x", id="two-slashes-stay"),
        pytest.param("//x", "/s", "/s//x", "//x", id="two-slashes-below-a-script"),
        pytest.param("a/b", "", "/ab", "a/b", id="without-leading-slash"),
        pytest.param("/\xc3\xa9", "", "/é", "/é", id="utf-8"),
        pytest.param("/\xe9\xe9/\xc3\xa9", "", "/%E9%E9/é", "/%E9%E9/é", id="not-utf-8"),
        pytest.param("/%C3", "", "/%C3", "/%C3", id="already-escaped"),
    ],
)
def test_path_is_put_together(path_info, script_name, path, decoded):
    request = make(PATH_INFO=path_info, SCRIPT_NAME=script_name)
    assert (request.path, request.path_info) == (path, decoded)


@given(st.text(alphabet=st.characters(max_codepoint=0xFF)))
def test_any_path_a_server_may_send_is_decoded(path_info):
    request = make(PATH_INFO=path_info)
    assert request.path.startswith("/")
    request.path_info.encode()


def test_path_that_no_server_sends_is_an_error():
    with pytest.raises(UnicodeEncodeError):
        make(PATH_INFO="/\u0100")


def test_missing_path_is_the_root():
    assert (make().path, get_path_info({}), get_path_info({"PATH_INFO": ""})) == ("/", "/", "")


@pytest.mark.parametrize(
    ("environ", "script_name"),
    [
        ({}, ""),
        ({"SCRIPT_NAME": "/s"}, "/s"),
        ({"SCRIPT_URL": "/a//b/c", "PATH_INFO": "/c"}, "/a/b"),
        ({"REDIRECT_URL": "/x/y", "PATH_INFO": "/y"}, "/x"),
        ({"SCRIPT_URL": "", "REDIRECT_URL": "/q"}, "/q"),
        ({"SCRIPT_URL": "/a", "PATH_INFO": ""}, "/a"),
        ({"SCRIPT_URL": "/zz", "SCRIPT_NAME": "/a", "PATH_INFO": "/other"}, "/zz"),
    ],
)
def test_script_name_is_what_the_server_cut_off(environ, script_name):
    assert get_script_name(environ) == script_name


def test_forced_script_name_wins_even_if_it_is_empty(override):
    override(FORCE_SCRIPT_NAME="")
    assert get_script_name({"SCRIPT_NAME": "/s", "SCRIPT_URL": "/u"}) == ""


def test_script_name_that_is_not_utf_8_is_an_error():
    with pytest.raises(UnicodeDecodeError):
        make(SCRIPT_NAME="/\xff")


def test_content_type_is_taken_apart_at_once():
    request = make(CONTENT_TYPE="Text/HTML; Charset=utf-8")
    assert (request.content_type, request.content_params) == ("text/html", {"charset": "utf-8"})
    assert request.encoding == "utf-8"


def test_content_type_that_is_missing_is_empty_and_shared_by_nobody():
    request = make()
    request.content_params["x"] = "1"
    assert (request.content_type, make().content_params) == ("", {})


def test_content_type_with_a_parameter_in_an_unknown_charset_is_an_error():
    with pytest.raises(ValueError, match="parameter charset 'nope'"):
        make(CONTENT_TYPE="a/b; x*=nope''y")


def test_query_string_is_read_as_utf_8_else_latin_1():
    assert make(QUERY_STRING="a=\xc3\xa9").GET["a"] == "é"
    assert make(QUERY_STRING="a=\xff").GET["a"] == "ÿ"


@pytest.mark.parametrize("charset", ["base64", "idna", "undefined"])
def test_query_string_in_a_codec_that_is_none_of_text_is_a_bad_request(charset):
    with pytest.raises(BadRequest, match=f"charset '{charset}'; expected an encoding of text"):
        _ = make(QUERY_STRING="a=%41", CONTENT_TYPE=f"a/b; charset={charset}").GET


def test_cookies_are_read_as_utf_8_with_replacements():
    request = make(HTTP_COOKIE="a=\xc3\xa9; b=\xff; c=1; c=2")
    assert request.COOKIES == {"a": "é", "b": "\ufffd", "c": "2"}
    assert make().COOKIES == {}


def test_scheme_is_the_server_s():
    assert make(**{"wsgi.url_scheme": "https"}).scheme == "https"


def test_repr_names_the_class():
    assert repr(make(PATH_INFO="/a/")) == "<WSGIRequest: GET '/a/'>"


@pytest.mark.parametrize("length", ["", "x", None, "-1"])
def test_body_without_a_length_is_empty(length):
    request = make(CONTENT_LENGTH=length, **{"wsgi.input": io.BytesIO(b"abc")})
    assert request.read() == b""


def test_limited_stream_ends_at_its_limit():
    stream = LimitedStream(io.BytesIO(b"12\n345678"), 7)
    assert (stream.readline(), stream.read(1), stream.readline(2), stream.read()) == (
        b"12\n",
        b"3",
        b"45",
        b"6",
    )
    assert (stream.read(), stream.readline(5), stream.read(-1), stream.read(None)) == (b"", b"", b"", b"")


@given(
    st.binary(),
    st.integers(-5, 50),
    st.lists(st.tuples(st.booleans(), st.one_of(st.none(), st.integers(-2, 20))), max_size=20),
)
def test_limited_stream_never_reads_beyond_its_limit(content, limit, reads):
    source = io.BytesIO(content)
    stream = LimitedStream(source, limit)
    taken = b"".join(stream.readline(size) if by_line else stream.read(size) for by_line, size in reads)
    assert taken == content[: len(taken)]
    assert source.tell() <= max(limit, 0)
