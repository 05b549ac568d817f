import pytest

from penstock.web.conf import settings
from penstock.web.core.checks.security import check_security, check_values

SAFE = {
    "SECRET_KEY": "0123456789" * 6,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["example.com"],
    "MIDDLEWARE": [
        "penstock.web.middleware.security.SecurityMiddleware",
        "penstock.web.contrib.sessions.middleware.SessionMiddleware",
        "penstock.web.middleware.csrf.CsrfViewMiddleware",
        "penstock.web.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    "SECURE_HSTS_SECONDS": 3600,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_CONTENT_TYPE_NOSNIFF": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "X_FRAME_OPTIONS": "DENY",
    "SECURE_REFERRER_POLICY": "same-origin",
}


def ids(messages):
    return [message.id for message in messages]


def test_safe_settings_are_not_complained_of(override):
    override(**SAFE)
    assert [*check_security(), *check_values()] == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"SECURE_HSTS_SECONDS": 0}, ["security.W004"]),
        ({"SECURE_CONTENT_TYPE_NOSNIFF": False}, ["security.W006"]),
        ({"SECURE_SSL_REDIRECT": False}, ["security.W008"]),
        ({"SECRET_KEY": "short"}, ["security.W009"]),
        ({"SECRET_KEY": "ab" * 30}, ["security.W009"]),
        ({"SECRET_KEY": "django-insecure-" + "0123456789" * 5}, ["security.W009"]),
        ({"SESSION_COOKIE_SECURE": False}, ["security.W012"]),
        ({"CSRF_COOKIE_SECURE": False}, ["security.W016"]),
        ({"CSRF_COOKIE_SECURE": False, "CSRF_USE_SESSIONS": True}, []),
        ({"DEBUG": True}, ["security.W018"]),
        ({"X_FRAME_OPTIONS": "SAMEORIGIN"}, ["security.W019"]),
        ({"ALLOWED_HOSTS": []}, ["security.W020"]),
        ({"SECURE_REFERRER_POLICY": None}, ["security.W022"]),
        ({"MIDDLEWARE": []}, ["security.W001", "security.W002", "security.W003"]),
    ],
)
def test_what_is_open_is_named(override, changed, expected):
    override(**{**SAFE, **changed})
    assert ids(check_security()) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"SECURE_REFERRER_POLICY": "same-origin,nonsense"}, ["security.E023"]),
        ({"SECURE_REFERRER_POLICY": ["no-referrer", "origin"]}, []),
        ({"CSRF_TRUSTED_ORIGINS": ["example.com"]}, ["4_0.E001"]),
        ({"CSRF_TRUSTED_ORIGINS": ["https://example.com"]}, []),
    ],
)
def test_value_that_nobody_understands_is_named(override, changed, expected):
    override(**changed)
    assert ids(check_values()) == expected


def test_missing_secret_is_a_weak_one(override):
    override(**SAFE)
    settings._wrapped.SECRET_KEY = ""
    settings.forget()
    assert ids(check_security()) == ["security.W009"]
