"""What changed settings make anew."""

import os
import sys
import time
import types

from penstock.web.core.cache import caches
from penstock.web.template import engines
from penstock.web.test import override_settings
from penstock.web.urls import path, resolve


def test_routes_are_those_of_the_urlconf_of_now(urlconf, monkeypatch):
    urlconf(path("a/", str, name="first"))
    other = types.ModuleType("another_urlconf")
    other.urlpatterns = [path("a/", str, name="second")]
    monkeypatch.setitem(sys.modules, other.__name__, other)
    assert resolve("/a/").url_name == "first"
    with override_settings(ROOT_URLCONF=other.__name__):
        assert resolve("/a/").url_name == "second"
    assert resolve("/a/").url_name == "first"


def test_caches_are_those_of_the_settings_of_now():
    dummy = "penstock.web.core.cache.backends.dummy.DummyCache"
    with override_settings(CACHES={"default": {"BACKEND": dummy}}):
        caches["default"].set("a", 1)
        assert caches["default"].get("a") is None
    caches["default"].set("a", 1)
    assert caches["default"].get("a") == 1
    caches["default"].clear()


def test_template_engines_are_made_anew():
    from_now = [{"BACKEND": "penstock.web.template.backends.jinja2.Jinja2", "NAME": "now"}]
    before = [engine.name for engine in engines.all()]
    with override_settings(TEMPLATES=from_now):
        assert [engine.name for engine in engines.all()] == ["now"]
    assert [engine.name for engine in engines.all()] == before


def test_time_zone_is_that_of_the_settings_of_now():
    before, offset = os.environ.get("TZ"), time.timezone
    try:
        with override_settings(TIME_ZONE="Asia/Tokyo"):
            assert (os.environ["TZ"], time.timezone) == ("Asia/Tokyo", -9 * 3600)
    finally:
        if before is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = before
        time.tzset()
    assert time.timezone == offset


def test_setting_that_nothing_was_made_from_makes_nothing_anew():
    before = caches["default"]
    with override_settings(SOMETHING="odd"):
        assert caches["default"] is before
