import pytest

from penstock.web.conf.urls.i18n import i18n_patterns
from penstock.web.http import HttpResponse
from penstock.web.test import Client
from penstock.web.urls import include, path


@pytest.fixture(autouse=True)
def _site(override, urlconf):
    override(LANGUAGES=[("en", "English"), ("de", "German")], LANGUAGE_CODE="en", LANGUAGE_COOKIE_AGE=60)
    urlconf(
        path("i18n/", include("penstock.web.conf.urls.i18n")),
        *i18n_patterns(path("hello/", lambda request: HttpResponse(), name="hello")),
    )


def choose(language="de", **rest):
    return Client().post("/i18n/setlang/", {"language": language, **rest.pop("fields", {})}, **rest)


def test_choice_is_remembered_in_a_cookie():
    response = choose(fields={"next": "/x/"})
    cookie = response.cookies["django_language"]
    assert (response.status_code, response["Location"]) == (302, "/x/")
    assert (cookie.value, cookie["max-age"]) == ("de", 60)


def test_visitor_comes_back_to_the_page_in_the_language():
    assert choose(fields={"next": "/en/hello/?a=1"})["Location"] == "/de/hello/?a=1"


@pytest.mark.parametrize(
    ("fields", "headers", "location"),
    [
        pytest.param({}, {}, "/", id="nothing"),
        pytest.param({}, {"referer": "http://testserver/a/"}, "http://testserver/a/", id="referer"),
        pytest.param({"next": "//evil.example/"}, {}, "/", id="other-host"),
        pytest.param({"next": "//evil.example/"}, {"referer": "http://evil.example/"}, "/", id="other-hosts"),
        pytest.param({"next": "/b/"}, {"accept": "application/json"}, "/b/", id="script-that-says-where"),
    ],
)
def test_visitor_is_sent_to_an_address_of_the_site_only(fields, headers, location):
    assert choose(fields=fields, headers=headers)["Location"] == location


def test_script_that_asks_for_no_page_gets_none():
    response = choose(headers={"accept": "application/json"})
    assert (response.status_code, response.cookies["django_language"].value) == (204, "de")


@pytest.mark.parametrize("language", ["fr", "", "de; x"])
def test_language_that_the_site_has_not_is_not_remembered(language):
    response = choose(language, fields={"next": "/x/"})
    assert (response.status_code, "django_language" in response.cookies) == (302, False)


def test_get_changes_nothing():
    response = Client().get("/i18n/setlang/?language=de&next=/x/")
    assert (response.status_code, response["Location"], dict(response.cookies)) == (302, "/x/", {})
