"""What may stand in each template's context without a view that puts it there.

A processor takes the request and returns a dict; OPTIONS["context_processors"] of an engine lists them.

In:     a request.
Out:    a dict of names.
Never:  changes the request, but `csrf`, whose token makes the cookie be sent when a template shows it.
Rules:  Django's names and contents, as far as there is something to tell.
"""

from typing import TYPE_CHECKING, Any

from penstock.web.conf import settings
from penstock.web.middleware.csrf import get_token
from penstock.web.utils import translation
from penstock.web.utils.functional import SimpleLazyObject
from penstock.web.utils.timezone import get_current_timezone_name

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest


def csrf(request: "HttpRequest") -> dict[str, Any]:
    """Return `csrf_token`; it is made, and the cookie sent, only if a template shows it."""
    return {"csrf_token": SimpleLazyObject(lambda: str(get_token(request) or "NOTPROVIDED"))}


def debug(request: "HttpRequest") -> dict[str, Any]:
    """Return `debug` under DEBUG, for the addresses of INTERNAL_IPS."""
    if settings.DEBUG and request.META.get("REMOTE_ADDR") in settings.INTERNAL_IPS:
        return {"debug": True}
    return {}


def static(request: "HttpRequest") -> dict[str, Any]:  # noqa: ARG001 - a processor takes the request
    """Return `STATIC_URL`."""
    return {"STATIC_URL": settings.STATIC_URL}


def media(request: "HttpRequest") -> dict[str, Any]:  # noqa: ARG001 - a processor takes the request
    """Return `MEDIA_URL`."""
    return {"MEDIA_URL": settings.MEDIA_URL}


def request(request: "HttpRequest") -> dict[str, Any]:
    """Return `request`."""
    return {"request": request}


def i18n(request: "HttpRequest") -> dict[str, Any]:  # noqa: ARG001 - a processor takes the request
    """Return `LANGUAGES`, and code and direction of the active one: `LANGUAGE_CODE`, `LANGUAGE_BIDI`."""
    return {
        "LANGUAGES": settings.LANGUAGES,
        "LANGUAGE_CODE": translation.get_language(),
        "LANGUAGE_BIDI": translation.get_language_bidi(),
    }


def tz(request: "HttpRequest") -> dict[str, Any]:  # noqa: ARG001 - a processor takes the request
    """Return `TIME_ZONE`, the name of the current one."""
    return {"TIME_ZONE": get_current_timezone_name()}
