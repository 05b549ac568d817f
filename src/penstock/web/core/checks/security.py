"""What strangers could use: looked at before a site goes out, `penstock check --deploy`.

In:     settings.
Out:    messages with Django's ids.
Never:  says what is right.
Rules:  Django's security.W001 to W022; a rule whose middleware is missing is not applied.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.checks.message import CheckMessage
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register
from penstock.web.core.exceptions import ImproperlyConfigured

_SECURITY: Final = "penstock.web.middleware.security.SecurityMiddleware"
_FRAMES: Final = "penstock.web.middleware.clickjacking.XFrameOptionsMiddleware"
_CSRF: Final = "penstock.web.middleware.csrf.CsrfViewMiddleware"
_SESSIONS: Final = "penstock.web.contrib.sessions.middleware.SessionMiddleware"

MIN_SECRET_LENGTH: Final = 50
MIN_SECRET_CHARACTERS: Final = 5
# W3C Referrer Policy section 3, in its order.
REFERRER_POLICIES: Final = frozenset(
    {
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    }
)


def _has(middleware: str) -> bool:
    return middleware in settings.MIDDLEWARE


def _secret() -> str:
    try:
        key: str = settings.SECRET_KEY
    except (AttributeError, ImproperlyConfigured):
        return ""
    return key


def _is_weak(key: str) -> bool:
    return (
        len(key) < MIN_SECRET_LENGTH
        or len(set(key)) < MIN_SECRET_CHARACTERS
        or key.startswith(("django-insecure-", "insecure-"))
    )


# id, what makes it a fault, what is said, what helps.
_RULES: Final[tuple[tuple[str, Callable[[], Any], str, str], ...]] = (
    (
        "security.W001",
        lambda: not _has(_SECURITY),
        "SecurityMiddleware is not in MIDDLEWARE: no HSTS, no redirect to https, no nosniff",
        f"add {_SECURITY!r}, first",
    ),
    (
        "security.W002",
        lambda: not _has(_FRAMES),
        "XFrameOptionsMiddleware is not in MIDDLEWARE: other sites may frame the pages",
        f"add {_FRAMES!r}",
    ),
    (
        "security.W003",
        lambda: not _has(_CSRF),
        "CsrfViewMiddleware is not in MIDDLEWARE: other sites may send forms in a visitor's name",
        f"add {_CSRF!r}",
    ),
    (
        "security.W004",
        lambda: _has(_SECURITY) and not settings.SECURE_HSTS_SECONDS,
        "SECURE_HSTS_SECONDS is not set: browsers may begin with http",
        "begin with a small value such as 3600; a large one cannot be taken back",
    ),
    (
        "security.W006",
        lambda: _has(_SECURITY) and settings.SECURE_CONTENT_TYPE_NOSNIFF is not True,
        "SECURE_CONTENT_TYPE_NOSNIFF is not True: browsers may guess at types",
        "leave it True",
    ),
    (
        "security.W008",
        lambda: _has(_SECURITY) and settings.SECURE_SSL_REDIRECT is not True,
        "SECURE_SSL_REDIRECT is not True: pages are served over http, too",
        "set it, unless a proxy in front redirects",
    ),
    (
        "security.W009",
        lambda: _is_weak(_secret()),
        f"SECRET_KEY has fewer than {MIN_SECRET_LENGTH} characters, or hardly any different ones",
        "python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    ),
    (
        "security.W012",
        lambda: _has(_SESSIONS) and settings.SESSION_COOKIE_SECURE not in (True, "True"),
        "SESSION_COOKIE_SECURE is not True: the cookie travels over http, too",
        "set it",
    ),
    (
        "security.W016",
        lambda: _has(_CSRF) and not settings.CSRF_USE_SESSIONS and settings.CSRF_COOKIE_SECURE is not True,
        "CSRF_COOKIE_SECURE is not True: the cookie travels over http, too",
        "set it",
    ),
    (
        "security.W018",
        lambda: settings.DEBUG,
        "DEBUG is on: visitors see source code and settings",
        "set it to False",
    ),
    (
        "security.W019",
        lambda: _has(_FRAMES) and settings.X_FRAME_OPTIONS != "DENY",
        "X_FRAME_OPTIONS is not DENY",
        "set it, unless the site frames its own pages",
    ),
    (
        "security.W020",
        lambda: not settings.ALLOWED_HOSTS,
        "ALLOWED_HOSTS is empty: every request is refused",
        "list the names under which the site is reached",
    ),
    (
        "security.W022",
        lambda: _has(_SECURITY) and settings.SECURE_REFERRER_POLICY is None,
        "SECURE_REFERRER_POLICY is not set: other sites learn the addresses of pages",
        'set it, e.g. to "same-origin"',
    ),
)


@register(Tags.security, deploy=True)
def check_security(**_asked: Any) -> list[CheckMessage]:
    """Return what is open."""
    return [
        CheckWarning(f"{msg}.", hint=hint, id=number) for number, is_fault, msg, hint in _RULES if is_fault()
    ]


@register(Tags.security)
def check_values(**_asked: Any) -> list[CheckMessage]:
    """Return which security settings have values that nobody understands."""
    return list(_value_faults())


def _value_faults() -> Iterator[CheckMessage]:
    policy = settings.SECURE_REFERRER_POLICY
    values = [each.strip() for each in policy.split(",")] if isinstance(policy, str) else (policy or [])
    unknown = sorted(set(values) - REFERRER_POLICIES)
    if unknown:
        expected = ", ".join(sorted(REFERRER_POLICIES))
        msg = f"SECURE_REFERRER_POLICY has {unknown}."
        yield CheckWarning(msg, hint=f"expected one of {expected}", id="security.E023")
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "://" not in origin:
            msg = f"CSRF_TRUSTED_ORIGINS has {origin!r}, which has no scheme."
            yield CheckWarning(msg, hint="write https:// in front", id="4_0.E001")
