"""conf/layer.py."""

import os
import sys
import time
import types

import pytest

from penstock.web.conf import global_settings
from penstock.web.conf.layer import Settings, UserSettingsHolder
from penstock.web.core.exceptions import ImproperlyConfigured


@pytest.fixture
def module():
    """Make a settings module of these names, for the test."""
    zone = os.environ.get("TZ")

    def make(**names):
        made = types.ModuleType("settings_of_a_test")
        vars(made).update(names)
        sys.modules[made.__name__] = made
        return made.__name__

    yield make
    sys.modules.pop("settings_of_a_test", None)
    os.environ.pop("TZ", None) if zone is None else os.environ.update(TZ=zone)
    time.tzset()


def test_a_module_lies_over_the_defaults(module):
    settings = Settings(module(DEBUG=True, MY_OWN=5, lower="no"))
    assert (settings.DEBUG, settings.MY_OWN, settings.APPEND_SLASH) == (True, 5, True)
    assert not hasattr(settings, "lower")
    assert repr(settings) == '<Settings "settings_of_a_test">'


def test_what_the_module_sets_is_known(module):
    settings = Settings(module(DEBUG=False))
    assert settings.is_overridden("DEBUG")
    assert not settings.is_overridden("APPEND_SLASH")


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "INSTALLED_APPS", "LOCALE_PATHS", "SECRET_KEY_FALLBACKS"])
def test_a_string_where_a_list_belongs_is_refused(name, module):
    with pytest.raises(ImproperlyConfigured, match=f"setting {name} is 'example.org'; expected a list"):
        Settings(module(**{name: "example.org"}))


def test_the_time_zone_becomes_the_processs(module):
    Settings(module(TIME_ZONE="Asia/Tokyo"))
    assert time.localtime(0).tm_hour == 9


def test_a_time_zone_that_is_not_there_is_refused(module):
    with pytest.raises(ValueError, match="TIME_ZONE is 'Mars/Olympus'"):
        Settings(module(TIME_ZONE="Mars/Olympus"))


def test_a_module_that_is_not_there_is_an_import_error():
    with pytest.raises(ImportError, match="no_such_settings"):
        Settings("no_such_settings")


def test_a_layer_sets_and_removes_without_touching_what_is_below():
    below = UserSettingsHolder(global_settings)
    layer = UserSettingsHolder(below)
    layer.DEBUG = True
    del layer.APPEND_SLASH
    assert (layer.DEBUG, below.DEBUG, below.APPEND_SLASH) == (True, False, True)
    with pytest.raises(AttributeError):
        _ = layer.APPEND_SLASH
    assert "APPEND_SLASH" not in dir(layer)
    layer.APPEND_SLASH = False
    assert layer.APPEND_SLASH is False
    assert repr(layer) == "<UserSettingsHolder>"


def test_a_layer_knows_what_it_and_those_below_override():
    below = UserSettingsHolder(global_settings)
    below.DEBUG = True
    layer = UserSettingsHolder(below)
    del layer.APPEND_SLASH
    answers = [layer.is_overridden(name) for name in ("DEBUG", "APPEND_SLASH", "PREPEND_WWW")]
    assert answers == [True, True, False]


def test_a_layer_has_upper_case_names_alone_and_removes_only_what_is_there():
    layer = UserSettingsHolder(global_settings)
    with pytest.raises(AttributeError):
        _ = layer.lower
    with pytest.raises(AttributeError):
        del layer.NOTHING
