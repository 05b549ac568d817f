"""conf/holder.py."""

import sys
import threading
import types

import pytest

from penstock.web.conf.holder import LazySettings, nearest_setting
from penstock.web.conf.layer import UserSettingsHolder
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import set_script_prefix


@pytest.fixture
def settings():
    made = LazySettings()
    made.configure(DEBUG=True, SECRET_KEY="x")
    return made


def test_a_value_that_was_read_is_an_ordinary_attribute(settings):
    assert settings.DEBUG is True
    assert settings.__dict__["DEBUG"] is True
    assert settings.APPEND_SLASH is True


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda settings: setattr(settings, "DEBUG", False), id="assigned"),
        pytest.param(lambda settings: delattr(settings, "DEBUG"), id="deleted"),
        pytest.param(lambda settings: setattr(settings, "_wrapped", _other()), id="replaced"),
        pytest.param(
            lambda settings: (setattr(settings._wrapped, "DEBUG", False), settings.forget()), id="forgotten"
        ),
    ],
)
def test_each_change_is_seen_at_once_and_counted(change, settings):
    assert settings.DEBUG is True
    before = settings.revision
    change(settings)
    assert settings.revision > before
    assert getattr(settings, "DEBUG", False) is False


def _other():
    return UserSettingsHolder(types.SimpleNamespace(DEBUG=False))


def test_reading_changes_no_revision(settings):
    before = settings.revision
    assert settings.DEBUG
    assert settings.revision == before


def test_settings_are_configured_once(settings):
    assert settings.configured
    with pytest.raises(RuntimeError, match="once"):
        settings.configure()


def test_options_are_upper_case_and_lists_are_lists():
    with pytest.raises(TypeError, match="'debug'"):
        LazySettings().configure(debug=True)
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS is 'x'"):
        LazySettings().configure(ALLOWED_HOSTS="x")


def test_a_missing_setting_is_told_with_the_nearest_name(settings):
    with pytest.raises(AttributeError, match=r"ALOWED_HOSTS is not set .* nearest name is ALLOWED_HOSTS"):
        _ = settings.ALOWED_HOSTS
    with pytest.raises(AttributeError, match=r"ROOT_URLCONF is not set by settings.configure"):
        _ = settings.ROOT_URLCONF


def test_an_empty_secret_key_is_refused_when_it_is_read():
    settings = LazySettings()
    settings.configure()
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is empty"):
        _ = settings.SECRET_KEY


@pytest.mark.parametrize("names", [("PENSTOCK_SETTINGS_MODULE",), ("DJANGO_SETTINGS_MODULE",)])
def test_the_environment_names_the_module(names, monkeypatch):
    monkeypatch.setitem(sys.modules, "settings_named", types.SimpleNamespace(MINE=1, TIME_ZONE=""))
    for name in ("PENSTOCK_SETTINGS_MODULE", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    for name in names:
        monkeypatch.setenv(name, "settings_named")
    settings = LazySettings()
    assert repr(settings) == "<LazySettings [Unevaluated]>"
    assert settings.MINE == 1
    assert repr(settings) == '<LazySettings "settings_named">'


def test_our_own_variable_comes_before_djangos(monkeypatch):
    monkeypatch.setitem(sys.modules, "settings_ours", types.SimpleNamespace(MINE="ours", TIME_ZONE=""))
    monkeypatch.setenv("PENSTOCK_SETTINGS_MODULE", "settings_ours")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "settings_theirs")
    assert LazySettings().MINE == "ours"


def test_settings_that_nobody_names_are_refused(monkeypatch):
    for name in ("PENSTOCK_SETTINGS_MODULE", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"setting DEBUG .* expected PENSTOCK_SETTINGS_MODULE"):
        _ = LazySettings().DEBUG


@pytest.mark.parametrize(
    ("url", "seen"),
    [("static/", "/app/static/"), ("/static/", "/static/"), ("https://cdn/", "https://cdn/"), (None, None)],
)
def test_relative_addresses_lie_below_the_script_name(url, seen, settings):
    settings.STATIC_URL = url
    set_script_prefix("/app/")
    try:
        assert seen == settings.STATIC_URL
    finally:
        set_script_prefix("/")


def test_special_names_are_not_settings(settings):
    with pytest.raises(AttributeError):
        _ = settings.__wrapped__
    with pytest.raises(TypeError, match="cannot lose"):
        del settings._wrapped
    assert "DEBUG" in dir(settings)
    assert settings.is_overridden("DEBUG")


def test_a_reader_in_another_thread_never_sees_half_a_change(settings):
    stop = threading.Event()
    seen = set()

    def read():
        while not stop.is_set():
            seen.add(settings.DEBUG)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(2000):
        settings.DEBUG = bool(number % 2)
    stop.set()
    for thread in threads:
        thread.join()
    assert seen <= {True, False}
    assert settings.DEBUG is True


@pytest.mark.parametrize(("name", "nearest"), [("MIDLEWARE", "MIDDLEWARE"), ("XYZ", None)])
def test_the_nearest_name_is_near(name, nearest):
    assert nearest_setting(name, ["MIDDLEWARE", "TEMPLATES"]) == nearest
