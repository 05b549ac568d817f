"""The header fields of a request."""

import pytest

from penstock.web.http import HttpHeaders

ENVIRON = {
    "HTTP_HOST": "example.com",
    "HTTP_X_FORWARDED_PROTO": "https",
    "CONTENT_TYPE": "a/b",
    "CONTENT_LENGTH": "3",
    "REQUEST_METHOD": "GET",
    "wsgi.input": None,
}


@pytest.fixture(params=["direct", "after-iteration"])
def headers(request):
    made = HttpHeaders(dict(ENVIRON))
    if request.param == "after-iteration":
        list(made)
    return made


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "x-forwarded-proto", "x_forwarded_proto"])
def test_header_is_found_under_each_spelling(headers, name):
    assert headers[name] == "https"
    assert headers.get(name) == "https"
    assert name in headers


def test_content_headers_are_headers(headers):
    assert (headers["Content-Type"], headers["content_length"]) == ("a/b", "3")


def test_missing_header_is_an_error_a_default_or_not_there(headers):
    with pytest.raises(KeyError, match="'X-None'"):
        headers["X-None"]
    assert headers.get("X-None") is None
    assert headers.get("X-None", "1") == "1"
    assert "X-None" not in headers
    assert 5 not in headers


def test_variables_that_are_no_headers_are_none(headers):
    assert "Request-Method" not in headers
    assert list(headers) == ["Host", "X-Forwarded-Proto", "Content-Type", "Content-Length"]
    assert len(headers) == 4


def test_headers_compare_without_regard_to_case(headers):
    assert headers == {
        "host": "example.com",
        "X-Forwarded-Proto": "https",
        "Content-TYPE": "a/b",
        "content-length": "3",
    }
    assert headers != "host"
    assert headers.copy() is headers
    assert repr(HttpHeaders({"HTTP_A": "1"})) == "{'A': '1'}"


def test_look_up_sees_changes_until_somebody_has_listed_the_headers():
    environ = dict(ENVIRON)
    headers = HttpHeaders(environ)
    environ["HTTP_NEW"] = "1"
    assert headers["New"] == "1"
    assert "New" in list(headers)
    environ["HTTP_LATER"] = "1"
    assert "Later" not in headers


@pytest.mark.parametrize(
    ("variable", "name"),
    [("HTTP_ACCEPT", "Accept"), ("CONTENT_TYPE", "Content-Type"), ("PATH_INFO", None), ("HTTP_", "")],
)
def test_variable_is_named_as_a_field(variable, name):
    assert HttpHeaders.parse_header_name(variable) == name


def test_fields_are_named_as_variables():
    assert HttpHeaders.to_wsgi_name("user-agent") == "HTTP_USER_AGENT"
    assert HttpHeaders.to_wsgi_names({"content-type": 1}) == {"CONTENT_TYPE": 1}
    assert HttpHeaders.to_asgi_name("User-Agent") == "USER_AGENT"
    assert HttpHeaders.to_asgi_names({"User-Agent": 1}) == {"USER_AGENT": 1}
