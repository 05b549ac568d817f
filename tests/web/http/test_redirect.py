"""Responses that send the client elsewhere."""

import pytest

from penstock.web.core.exceptions import DisallowedRedirect
from penstock.web.http import HttpResponsePermanentRedirect, HttpResponseRedirect
from penstock.web.utils.functional import lazystr
from penstock.web.utils.http import MAX_URL_REDIRECT_LENGTH


@pytest.mark.parametrize(
    ("response_class", "preserve_request", "status"),
    [
        (HttpResponseRedirect, False, 302),
        (HttpResponseRedirect, True, 307),
        (HttpResponsePermanentRedirect, False, 301),
        (HttpResponsePermanentRedirect, True, 308),
    ],
)
def test_redirect_has_its_status(response_class, preserve_request, status):
    response = response_class("/there/", preserve_request, content="moved")
    assert (response.status_code, response.url, response.content) == (status, "/there/", b"moved")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/é/?q=ü", "/%C3%A9/?q=%C3%BC"),
        (lazystr("/lazy/"), "/lazy/"),
        ("//other.example/", "//other.example/"),
        ("ftp://example.com/", "ftp://example.com/"),
        ("", ""),
    ],
)
def test_location_is_a_uri(target, location):
    assert HttpResponseRedirect(target)["Location"] == location


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "x:y"])
def test_scheme_that_is_not_the_web_s_is_refused(target):
    with pytest.raises(DisallowedRedirect, match="Unsafe redirect to URL with protocol"):
        HttpResponseRedirect(target)


def test_longest_url_is_taken_and_a_longer_one_refused():
    longest = "/" + "x" * (MAX_URL_REDIRECT_LENGTH - 1)
    assert HttpResponseRedirect(longest).url == longest
    with pytest.raises(DisallowedRedirect, match="exceeding 16384 characters"):
        HttpResponseRedirect(longest + "x")


def test_refused_redirect_can_be_shown_on_the_debug_page():
    response = HttpResponseRedirect.__new__(HttpResponseRedirect)
    with pytest.raises(DisallowedRedirect):
        response.__init__("ssh://host")
    assert repr(response) == (
        '<HttpResponseRedirect status_code=302, "text/html; charset=utf-8", url="ssh://host">'
    )
