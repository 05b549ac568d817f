"""The user of a request, looked up when somebody asks.

In:     the token of a program, or the session of a browser, which has the id of whoever logged in and the
        stamp of their password: with another password it is nobody's session.
Out:    `request.user`: a User, or None; `request.is_by_token`.
Never:  takes the session's word where there is a token: a wrong one is nobody's.
"""

from penstock.web import db
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.functional import SimpleLazyObject
from spc.account.password import stamp_of
from spc.account.token import token_of, user_of_token
from spc.models import User

SESSION_KEY = "logged_in"


class UserMiddleware(MiddlewareMixin):
    """Gives each request a lazy `user`; it stands below SessionMiddleware and above the CSRF check."""

    def process_request(self, request):
        token = token_of(request.META.get("HTTP_AUTHORIZATION", ""))
        request.is_by_token = token is not None
        if token is None:
            request.user = SimpleLazyObject(lambda: _user(request))
            return
        # No browser sends a token by itself: what brings one was not made by a page of somebody else.
        request._dont_enforce_csrf_checks = True
        request.user = SimpleLazyObject(lambda: user_of_token(token))


def _user(request):
    number, stamp = request.session.get(SESSION_KEY, (None, None))
    found = None if number is None else db.session().get(User, number)
    return found if found and stamp_of(found.password_hash) == stamp else None


def user(request):
    """Context processor: `user` for each template; None where a fault came before the middleware."""
    return {"user": getattr(request, "user", None)}
