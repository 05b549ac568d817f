"""What is a coroutine function, without importing asyncio or asgiref to find out.

In:     any callable.
Out:    a bool; `async_unsafe` for functions that must not block an event loop.
Never:  runs anything.

Rules:  Python 3.12 keeps the mark of a callable in `inspect`; before, asgiref sets asyncio's private one.
"""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from penstock.web.core.exceptions import SynchronousOnlyOperation

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

BLOCKED = "blocking call inside an event loop; expected a thread, sync_to_async() for one"


if sys.version_info >= (3, 12):

    def iscoroutinefunction(function: Any) -> bool:
        """Tell whether a call of this gives a coroutine, by declaration or by mark."""
        return inspect.iscoroutinefunction(function)

    def markcoroutinefunction(function: F) -> F:
        """Mark a callable whose call gives a coroutine, and return it."""
        return inspect.markcoroutinefunction(function)
else:

    def iscoroutinefunction(function: Any) -> bool:
        """Tell whether a call of this gives a coroutine, by declaration or by mark."""
        if inspect.iscoroutinefunction(function):
            return True
        mark = getattr(function, "_is_coroutine", None)
        return mark is not None and mark is _asyncio_mark()

    def markcoroutinefunction(function: F) -> F:
        """Mark a callable whose call gives a coroutine, and return it."""
        target: Any = getattr(function, "__func__", function)
        target._is_coroutine = _asyncio_mark()
        return function

    def _asyncio_mark() -> object:
        from asyncio import coroutines

        return coroutines._is_coroutine  # type: ignore[attr-defined]  # private, and asgiref's mark on 3.11


@overload
def async_unsafe(message: Callable[P, R]) -> Callable[P, R]: ...
@overload
def async_unsafe(message: str = ...) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def async_unsafe(message: Any = BLOCKED) -> Any:
    """Decorate a function that blocks: a call inside a running event loop is refused.

    The decorated function raises:
        SynchronousOnlyOperation: called inside an event loop, and DJANGO_ALLOW_ASYNC_UNSAFE is not set.
    """
    if callable(message):
        return async_unsafe(BLOCKED)(message)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if _loop_is_running() and not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
                raise SynchronousOnlyOperation(message)
            return function(*args, **kwargs)

        return guarded

    return decorate


def _loop_is_running() -> bool:
    events = sys.modules.get("asyncio")  # nobody runs a loop of a module that is not imported
    return events is not None and events._get_running_loop() is not None
