"""Where a request was sent."""

import pytest

from penstock.web.core.exceptions import DisallowedHost, ImproperlyConfigured
from penstock.web.http import HttpRequest


@pytest.fixture
def request_of():
    def make(path="/a/b", **meta):
        request = HttpRequest()
        request.path = request.path_info = path
        request.META = {"SERVER_NAME": "own.example", "SERVER_PORT": "80", **meta}
        return request

    return make


@pytest.mark.parametrize(
    ("meta", "settings", "host"),
    [
        pytest.param({"HTTP_HOST": "A.example:81"}, {}, "A.example:81", id="host-as-it-came"),
        pytest.param({}, {}, "own.example", id="own-name"),
        pytest.param({"SERVER_PORT": 8042}, {}, "own.example:8042", id="own-name-and-port"),
        pytest.param({"SERVER_PORT": "443"}, {}, "own.example:443", id="port-of-the-other-scheme"),
        pytest.param({"HTTP_HOST": "a", "HTTP_X_FORWARDED_HOST": "b"}, {}, "a", id="proxy-not-believed"),
        pytest.param(
            {"HTTP_HOST": "a", "HTTP_X_FORWARDED_HOST": "b"},
            {"USE_X_FORWARDED_HOST": True},
            "b",
            id="proxy-believed",
        ),
        pytest.param(
            {"HTTP_X_FORWARDED_PORT": "81"}, {"USE_X_FORWARDED_PORT": True}, "own.example:81", id="proxy-port"
        ),
    ],
)
def test_host_is_whoever_counts(request_of, override, meta, settings, host):
    override(ALLOWED_HOSTS=["*"], **settings)
    assert request_of(**meta).get_host() == host


def test_host_that_is_not_allowed_is_refused(request_of):
    with pytest.raises(DisallowedHost):
        request_of(HTTP_HOST="theirs.example").get_host()


@pytest.mark.parametrize(
    ("value", "scheme"),
    [("https", "https"), (" https , http", "https"), ("http", "http"), ("HTTPS", "http"), ("", "http")],
)
def test_scheme_is_what_the_trusted_proxy_says(request_of, override, value, scheme):
    override(SECURE_PROXY_SSL_HEADER=("HTTP_X_PROTO", "https"))
    assert request_of(HTTP_X_PROTO=value).scheme == scheme
    assert request_of(HTTP_X_PROTO=value).is_secure() is (scheme == "https")


def test_scheme_is_the_servers_if_no_proxy_speaks(request_of, override):
    override(SECURE_PROXY_SSL_HEADER=("HTTP_X_PROTO", "https"))
    assert request_of().scheme == "http"


def test_proxy_setting_that_is_no_pair_is_refused(request_of, override):
    override(SECURE_PROXY_SSL_HEADER="HTTP_X_PROTO")
    with pytest.raises(ImproperlyConfigured, match="tuple containing two values"):
        _ = request_of().scheme


def test_full_path_is_escaped_and_keeps_the_query(request_of):
    request = request_of("/é;a?b=c", QUERY_STRING="é=1&a=%zz")
    assert request.get_full_path() == "/%C3%A9%3Ba%3Fb%3Dc?%C3%A9=1&a=%zz"
    assert request.get_full_path_info(force_append_slash=True) == "/%C3%A9%3Ba%3Fb%3Dc/?%C3%A9=1&a=%zz"
    assert request_of("/a/").get_full_path(force_append_slash=True) == "/a/"


@pytest.mark.parametrize(
    ("location", "uri"),
    [
        (None, "http://testserver/a/b"),
        ("", "http://testserver/a/b"),
        ("x", "http://testserver/a/x"),
        ("?q", "http://testserver/a/b?q"),
        ("/é", "http://testserver/%C3%A9"),
        ("//other.example/x", "http://other.example/x"),
        ("///x", "http://testserver/x"),
        ("/a/../x", "http://testserver/x"),
        ("/./x", "http://testserver/x"),
        ("https://other.example/?a=b", "https://other.example/?a=b"),
        ("mailto:x", "mailto:x"),
    ],
)
def test_absolute_uri_starts_from_the_request(request_of, location, uri):
    assert request_of(HTTP_HOST="testserver").build_absolute_uri(location) == uri


def test_absolute_uri_of_a_path_with_two_slashes_stays_on_this_host(request_of):
    assert request_of("//evil.example", HTTP_HOST="testserver").build_absolute_uri() == (
        "http://testserver//evil.example"
    )


def test_location_that_is_no_uri_is_refused(request_of):
    with pytest.raises(ValueError, match="IPv6"):
        request_of(HTTP_HOST="testserver").build_absolute_uri("//[x")
