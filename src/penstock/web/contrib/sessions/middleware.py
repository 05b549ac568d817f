"""Gives each request its session, and saves what changed.

Most requests never look at their session.  So it is made when somebody first does (http/session.py); where
nobody did, the response is left alone unless the cookie must go or be renewed.

In:     the session cookie.
Out:    `request.session`; Set-Cookie and Vary: Cookie where Django sets them.
Never:  saves for a response of 500 and above.

Rules:  Django's, in this order: an empty session with a cookie deletes the cookie; an accessed one varies;
        a changed one (or SESSION_SAVE_EVERY_REQUEST) is saved and its cookie sent.
"""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.contrib.sessions.backends.base import MIN_KEY_LENGTH, SessionBase, UpdateError
from penstock.web.contrib.sessions.exceptions import SessionInterrupted
from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.http.session import STORE
from penstock.web.utils.cache import patch_vary_headers
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.http import http_date

DELETED_MEANWHILE: Final = "the session was deleted while its request ran, perhaps by logging out elsewhere"


class SessionMiddleware(MiddlewareMixin):
    """The session of each request, kept by SESSION_ENGINE."""

    def __init__(self, get_response: Callable[..., Any]) -> None:
        super().__init__(get_response)
        self.SessionStore: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore

    def process_request(self, request: HttpRequest) -> None:
        """Say which store the request's session comes from; http/session.py makes it when it is wanted."""
        attributes = request.__dict__
        attributes.pop("session", None)
        attributes[STORE] = self.SessionStore

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Save what changed.

        Raises:
            SessionInterrupted: the session was deleted while the request ran.
        """
        if STORE in request.__dict__ and _is_of_no_concern(request):
            return response
        session: Any = getattr(request, "session", None)
        try:
            accessed, modified, is_empty = session.accessed, session.modified, session.is_empty()
        except AttributeError:
            return response  # there is none, or somebody put something else there
        if settings.SESSION_COOKIE_NAME in request.COOKIES and is_empty:
            _delete_cookie(response)
            return response
        if accessed:
            patch_vary_headers(response, ("Cookie",))
        if (modified or settings.SESSION_SAVE_EVERY_REQUEST) and not is_empty:
            _save(session, response)
        return response


def _is_of_no_concern(request: HttpRequest) -> bool:
    """Whether a session that nobody looked at changes nothing about the response.

    There is no cookie, or it looks like a key: then it stays.  What does not is deleted, as Django does.
    """
    if settings.SESSION_SAVE_EVERY_REQUEST:
        return False
    name = settings.SESSION_COOKIE_NAME
    if "COOKIES" not in request.__dict__ and name not in request.META.get("HTTP_COOKIE", ""):
        return True  # without one in sight the cookies are not parsed for it
    cookie = request.COOKIES.get(name)
    return cookie is None or len(cookie) >= MIN_KEY_LENGTH


def _cookie_place() -> dict[str, Any]:
    """The attributes by which a browser knows which cookie is meant."""
    return {
        name: getattr(settings, f"SESSION_COOKIE_{name.upper()}") for name in ("path", "domain", "samesite")
    }


def _delete_cookie(response: HttpResponseBase) -> None:
    response.delete_cookie(settings.SESSION_COOKIE_NAME, **_cookie_place())
    patch_vary_headers(response, ("Cookie",))


def _save(session: Any, response: HttpResponseBase) -> None:
    max_age = None if session.get_expire_at_browser_close() else session.get_expiry_age()
    if response.status_code >= 500:
        return
    try:
        session.save()
    except UpdateError as error:
        raise SessionInterrupted(DELETED_MEANWHILE) from error
    _send_cookie(response, session.session_key, max_age)
    patch_vary_headers(response, ("Cookie",))  # saved at every request, it may not have been looked at


def _send_cookie(response: HttpResponseBase, key: str, max_age: int | None) -> None:
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        key,
        expires=None if max_age is None else http_date(time.time() + max_age),
        max_age=max_age,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        secure=settings.SESSION_COOKIE_SECURE,
        **_cookie_place(),
    )
