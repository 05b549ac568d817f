import pytest

from penstock.web.template import context_processors
from penstock.web.test import RequestFactory
from penstock.web.utils import timezone, translation


@pytest.fixture
def request_():
    return RequestFactory().get("/")


def test_debug_is_told_to_internal_addresses_under_debug_alone(request_, override):
    assert context_processors.debug(request_) == {}
    override(DEBUG=True, INTERNAL_IPS=["127.0.0.1"])
    assert context_processors.debug(request_) == {"debug": True}
    request_.META["REMOTE_ADDR"] = "10.0.0.1"
    assert context_processors.debug(request_) == {}


def test_addresses_and_request_are_told(request_, override):
    override(STATIC_URL="/s/", MEDIA_URL="/m/")
    assert context_processors.static(request_) == {"STATIC_URL": "/s/"}
    assert context_processors.media(request_) == {"MEDIA_URL": "/m/"}
    assert context_processors.request(request_) == {"request": request_}


def test_token_is_made_only_when_it_is_shown(request_):
    context = context_processors.csrf(request_)
    assert "CSRF_COOKIE" not in request_.META
    assert len(str(context["csrf_token"])) == 64
    assert "CSRF_COOKIE" in request_.META


def test_active_language_and_time_zone_are_told(request_, override):
    override(LANGUAGES=[("en", "English"), ("ar", "Arabic")])
    with translation.override("ar"), timezone.override("Asia/Tokyo"):
        told = {**context_processors.i18n(request_), **context_processors.tz(request_)}
    assert told == {
        "LANGUAGES": [("en", "English"), ("ar", "Arabic")],
        "LANGUAGE_CODE": "ar",
        "LANGUAGE_BIDI": True,
        "TIME_ZONE": "Asia/Tokyo",
    }
