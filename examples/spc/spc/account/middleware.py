"""The user of a request, looked up when somebody asks.

In:     the session, which has the id of whoever logged in.
Out:    `request.user`: a User, or None.
"""

from penstock.web import db
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.functional import SimpleLazyObject
from spc.models import User

SESSION_KEY = "user"


class UserMiddleware(MiddlewareMixin):
    """Gives each request a lazy `user`; it stands below SessionMiddleware."""

    def process_request(self, request):
        request.user = SimpleLazyObject(lambda: _user(request))


def _user(request):
    number = request.session.get(SESSION_KEY)
    return None if number is None else db.session().get(User, number)


def user(request):
    """Context processor: `user` for each template; None where a fault came before the middleware."""
    return {"user": getattr(request, "user", None)}
