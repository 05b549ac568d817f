import pytest

from penstock.web.conf.urls.i18n import i18n_patterns, is_language_prefix_patterns_used
from penstock.web.http import HttpResponse
from penstock.web.test import Client
from penstock.web.urls import path, set_script_prefix
from penstock.web.utils import translation


def hello(request):
    return HttpResponse(f"{request.LANGUAGE_CODE} {translation.get_language()}")


def own(request):
    return HttpResponse("own", headers={"Content-Language": "fr"})


@pytest.fixture(autouse=True)
def _site(override):
    override(
        LANGUAGES=[("en", "English"), ("de", "German")],
        LANGUAGE_CODE="en",
        MIDDLEWARE=["penstock.web.middleware.locale.LocaleMiddleware"],
    )
    is_language_prefix_patterns_used.cache_clear()
    yield
    is_language_prefix_patterns_used.cache_clear()
    translation.deactivate()


def facts(response):
    headers = response.headers
    return response.status_code, headers.get("Location"), headers.get("Vary"), headers.get("Content-Language")


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        pytest.param({}, "en", id="default"),
        pytest.param({"accept-language": "fr, de-at;q=0.8, en;q=0.5"}, "de", id="header"),
        pytest.param({"accept-language": "en", "cookie": "django_language=de"}, "de", id="cookie"),
        pytest.param({"cookie": "django_language=fr"}, "en", id="unknown"),
        pytest.param({"cookie": "django_language=DE"}, "de", id="capitals"),
    ],
)
def test_request_is_answered_in_the_language_of_its_visitor(urlconf, fields, language):
    urlconf(path("", hello))
    response = Client().get("/", headers=fields)
    assert response.text == f"{language} {language}"
    assert facts(response) == (200, None, "Accept-Language", language)


def test_language_that_the_view_has_said_stays(urlconf):
    urlconf(path("", own))
    assert facts(Client().get("/")) == (200, None, "Accept-Language", "fr")


def test_next_request_begins_anew(urlconf):
    urlconf(path("", hello))
    assert Client().get("/", headers={"accept-language": "de"}).text == "de de"
    assert Client().get("/").text == "en en"


@pytest.mark.parametrize(
    ("asked", "status", "location"),
    [
        pytest.param("/de/hello/", 200, None, id="there"),
        pytest.param("/hello/?a=1", 302, "/de/hello/?a=1", id="without-language"),
        pytest.param("/hello", 302, "/de/hello/", id="without-slash"),
        pytest.param("/nothing/", 404, None, id="nowhere"),
        pytest.param("/fr/hello/", 404, None, id="other-language"),
        pytest.param("/en/nothing/", 404, None, id="nowhere-in-a-language"),
    ],
)
def test_path_without_language_leads_to_the_one_with_it(urlconf, asked, status, location):
    urlconf(*i18n_patterns(path("hello/", hello)))
    response = Client().get(asked, headers={"accept-language": "de"})
    assert facts(response)[:2] == (status, location)
    if location:
        assert response["Vary"] == "Accept-Language, Cookie"


def test_path_whose_language_is_in_capitals_leads_nowhere(urlconf):
    urlconf(*i18n_patterns(path("hello/", hello)))
    assert facts(Client().get("/DE/hello/"))[0] == 404


def test_page_whose_path_says_the_language_does_not_vary(urlconf):
    urlconf(*i18n_patterns(path("hello/", hello)))
    response = Client().get("/de/hello/", headers={"accept-language": "en"})
    assert facts(response) == (200, None, None, "de")


def test_script_prefix_stays_in_front_of_the_language(urlconf):
    urlconf(*i18n_patterns(path("hello/", hello)))
    set_script_prefix("/app/")
    response = Client().get("/hello/", headers={"accept-language": "de"}, SCRIPT_NAME="/app")
    assert response["Location"] == "/app/de/hello/"


@pytest.mark.parametrize(
    ("asked", "text"), [("/hello/", "en en"), ("/de/hello/", "de de")], ids=["default", "other"]
)
def test_default_language_may_go_without_a_prefix_whatever_the_browser_says(urlconf, asked, text):
    urlconf(*i18n_patterns(path("hello/", hello), prefix_default_language=False))
    assert Client().get(asked, headers={"accept-language": "de"}).text == text


def test_routes_of_the_request_decide_where_a_middleware_has_changed_them(override, urlconf):
    with_languages = urlconf(*i18n_patterns(path("hello/", hello))).__name__

    def other_routes(get_response):
        def respond(request):
            request.urlconf = with_languages
            return get_response(request)

        return respond

    here = urlconf(path("hello/", hello), other_routes=other_routes).__name__
    override(
        MIDDLEWARE=[f"{here}.other_routes", "penstock.web.middleware.locale.LocaleMiddleware"],
    )
    assert Client().get("/de/hello/").text == "de de"
