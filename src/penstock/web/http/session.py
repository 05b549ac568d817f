"""`request.session`, made when somebody first looks at it.

Most requests never do, so SessionMiddleware leaves a note of which store to use, and no stand-in: what a view
gets is the store's own session, and a request that nobody asks for one has nothing to throw away.

In:     a request's `_session_store`, the class that the middleware named; the session cookie.
Out:    a session, which from then on stands in the request itself.
Never:  loads or saves one (contrib/sessions does).
"""

from typing import Any, Final

from penstock.web.conf import settings

STORE: Final = "_session_store"


class SessionOnDemand:
    """The descriptor.  It is no data descriptor: a session that was made, or set by anybody, hides it."""

    def __get__(self, request: Any, owner: type) -> Any:
        """Make the session.

        Raises:
            AttributeError: no middleware named a store.
        """
        if request is None:
            return self
        store = request.__dict__.pop(STORE, None)
        if store is None:
            raise AttributeError(f"{owner.__name__} has no session; expected SessionMiddleware in MIDDLEWARE")
        session = request.__dict__["session"] = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return session


def settle_session(request: Any) -> None:
    """Make a session that was only named so far: who copies a request shares its session."""
    if STORE in request.__dict__:
        _ = request.session
