"""One view with something before and after it: the frame of nearly every decorator of views.

In:     a view, a function that may answer in its place, a function that looks at its response.
Out:    a view of the same kind: a coroutine function of a coroutine function.
Never:  catches an exception of the view.
Rules:  the decorated view keeps name, documentation and attributes.
"""

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from penstock.web.utils.asyncio import iscoroutinefunction

V = TypeVar("V", bound=Callable[..., Any])


class Before(Protocol):
    """What is asked first; an answer that is not None is the response."""

    def __call__(self, request: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return a response, or None for the view's."""


class After(Protocol):
    """What sees the response; an answer that is not None takes its place."""

    def __call__(self, request: Any, response: Any, /) -> Any:
        """Return another response, or None."""


def around(view: V, before: Before | None = None, after: After | None = None) -> V:
    """Return `view` with `before` and `after` around it."""
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def decorated_async(request: Any, *args: Any, **kwargs: Any) -> Any:
            early = before(request, *args, **kwargs) if before else None
            if early is not None:
                return early
            return _seen(after, request, await view(request, *args, **kwargs))

        return cast("V", decorated_async)

    @functools.wraps(view)
    def decorated(request: Any, *args: Any, **kwargs: Any) -> Any:
        early = before(request, *args, **kwargs) if before else None
        return early if early is not None else _seen(after, request, view(request, *args, **kwargs))

    return cast("V", decorated)


def _seen(after: After | None, request: Any, response: Any) -> Any:
    replacement = after(request, response) if after else None
    return response if replacement is None else replacement


def require_request(name: str, request: Any, /, *_args: Any, **_kwargs: Any) -> None:
    """Refuse what is no request: the decorator `name`, which is for functions, was put on a method."""
    if not hasattr(request, "META"):
        msg = (
            f"{name} didn't receive an HttpRequest. "
            "If you are decorating a classmethod, be sure to use @method_decorator."
        )
        raise TypeError(msg)
