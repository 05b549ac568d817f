"""conf/check.py, and `penstock.web.setup`, which calls it."""

import sys
import types

import pytest

import penstock.web
from penstock.web.apps import apps
from penstock.web.conf.check import check_settings, require_settings, settings_faults
from penstock.web.conf.holder import LazySettings
from penstock.web.conf.layer import Settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.urls import get_script_prefix, set_script_prefix


def configured(**options):
    settings = LazySettings()
    settings.configure(**options)
    return settings


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"MY_OWN_SETTING": 1, "CORS_ALLOWED_ORIGINS": []}, id="settings-of-others"),
        pytest.param({"ADMIN": 1, "ADMINS": []}, id="both-meant"),
        pytest.param({"AUTH_USER_MODEL": "x.Y", "DATABASES": {}}, id="of-absent-parts"),
    ],
)
def test_sound_settings_have_no_faults(options):
    assert settings_faults(configured(**options)) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ALOWED_HOSTS", "ALLOWED_HOSTS"),
        ("MIDLEWARE", "MIDDLEWARE"),
        ("SESSION_COOKIE_SECUR", "SESSION_COOKIE_SECURE"),
        ("ROOT_URL_CONF", "ROOT_URLCONF"),
        ("INSTALED_APPS", "INSTALLED_APPS"),
    ],
)
def test_a_misspelt_name_is_told_with_the_one_that_is_meant(name, meant):
    assert settings_faults(configured(**{name: []})) == [
        f"setting {name} is unknown; expected {meant} (or both, if both are meant)"
    ]


@pytest.mark.parametrize("name", ["MIDDLEWARE", "TEMPLATES", "CSRF_TRUSTED_ORIGINS"])
def test_a_string_where_a_list_belongs_is_told(name):
    assert settings_faults(configured(**{name: "x"})) == [
        f"setting {name} is 'x'; expected a list or a tuple"
    ]


def test_all_faults_are_told_at_once(monkeypatch):
    module = types.SimpleNamespace(MIDLEWARE=[], MIDDLEWARES=(), TEMPLATES="x", TIME_ZONE="")
    monkeypatch.setitem(sys.modules, "faulty_settings", module)
    settings = LazySettings()
    settings._wrapped = Settings("faulty_settings")
    with pytest.raises(ImproperlyConfigured) as caught:
        check_settings(settings)
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert lines[-2:] == [
        "setting SECRET_KEY is not set in faulty_settings; expected a value",
        "setting ROOT_URLCONF is not set in faulty_settings; expected a value",
    ]


def test_what_a_site_cannot_do_without_is_required_of_configured_settings_too():
    settings = configured(SECRET_KEY="x")
    require_settings(settings, "SECRET_KEY")
    with pytest.raises(ImproperlyConfigured, match=r"ROOT_URLCONF is not set by settings.configure\(\)"):
        require_settings(settings, "SECRET_KEY", "ROOT_URLCONF")


@pytest.mark.parametrize(("forced", "prefix"), [("/forced/", "/forced/"), (None, "/")])
def test_setup_takes_the_script_name_from_the_settings(forced, prefix, override, monkeypatch):
    monkeypatch.setattr(apps, "apps_ready", True)
    override(FORCE_SCRIPT_NAME=forced)
    try:
        penstock.web.setup()
        assert get_script_prefix() == prefix
    finally:
        set_script_prefix("/")


def test_setup_refuses_faulty_settings(override):
    override(TEMPLATES="x")
    with pytest.raises(ImproperlyConfigured, match="TEMPLATES"):
        penstock.web.setup(set_prefix=False)
