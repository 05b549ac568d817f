"""CSRF protection of one view: with it, without it, with the cookie in any case.

In:     a view.
Out:    a view.
Never:  checks by itself (middleware/csrf.py).
Rules:  Django's.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from penstock.web.middleware.csrf import CsrfViewMiddleware, get_token
from penstock.web.utils.decorators import decorator_from_middleware
from penstock.web.views.decorators.around import around

V = TypeVar("V", bound=Callable[..., Any])

csrf_protect = decorator_from_middleware(CsrfViewMiddleware)


class _EnsureCsrfToken(CsrfViewMiddleware):
    """Makes the token be there, and refuses nothing."""

    def _reject(self, request: Any, reason: str) -> Any:  # noqa: ARG002 - nothing is refused
        return None


requires_csrf_token = decorator_from_middleware(_EnsureCsrfToken)


class _EnsureCsrfCookie(_EnsureCsrfToken):
    """Makes the cookie be sent, too."""

    def process_view(self, request: Any, callback: Any, callback_args: Any, callback_kwargs: Any) -> Any:
        """Do as the base does, and use the token: that sends the cookie."""
        answer = super().process_view(request, callback, callback_args, callback_kwargs)
        get_token(request)
        return answer


ensure_csrf_cookie = decorator_from_middleware(_EnsureCsrfCookie)


def csrf_exempt(view_func: V) -> V:
    """Leave the view unprotected: for callers that are no browsers."""
    view = around(view_func)
    view.csrf_exempt = True  # type: ignore[attr-defined]  # the mark that the middleware reads
    return view
