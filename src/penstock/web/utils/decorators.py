"""Decorators of methods, decorators made of middleware, and marks of the side that a middleware is for.

In:     decorators of functions; middleware classes.
Out:    decorators of methods and classes; decorators of views.
Never:  changes what a decorator sees: a method's decorator gets a function without `self`.

Rules:  Django's `django.utils.decorators`; a middleware around one view runs the same hooks in the same
        order as around the site, but answers are told from None and not by their truth.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from penstock.web.utils.asyncio import iscoroutinefunction, markcoroutinefunction

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Decorator = Callable[[Any], Any]


def method_decorator(decorator: Any, name: str = "") -> Callable[[T], T]:
    """Make a decorator of functions one of methods, or of a class whose method `name` it decorates.

    Args:
        decorator: one, or a sequence of which the first is applied last.
        name: the method, when a class is decorated.

    Raises:
        ValueError: a class is decorated and has nothing of this name.
        TypeError: what the class has there cannot be called; the decorators are no sequence.
    """

    def decorate(target: Any) -> Any:
        if not isinstance(target, type):
            return _decorated(decorator, target)
        setattr(target, name, _decorated(decorator, _method_of(target, name)))
        return target

    if not hasattr(decorator, "__iter__"):
        functools.update_wrapper(decorate, decorator)
    named = decorator if hasattr(decorator, "__name__") else type(decorator)
    decorate.__name__ = f"method_decorator({named.__name__})"
    return decorate


def _method_of(owner: type, name: str) -> Callable[..., Any]:
    if not name or not hasattr(owner, name):
        raise ValueError(
            "The keyword argument `name` must be the name of a method of the decorated class: "
            f"{owner}. Got '{name}' instead."
        )
    method = getattr(owner, name)
    if not callable(method):
        raise TypeError(f"Cannot decorate '{name}' as it isn't a callable attribute of {owner} ({method}).")
    return cast("Callable[..., Any]", method)


def _decorated(decorator: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that is decorated anew, and bound, at each call: the decorators see no `self`."""
    innermost_first: Sequence[Decorator] = decorator[::-1] if hasattr(decorator, "__iter__") else (decorator,)

    def call_decorated(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound: Any = functools.partial(cast("Any", method).__get__(self, type(self)))
        functools.update_wrapper(bound, method)
        for each in innermost_first:
            bound = each(bound)
        return bound(*args, **kwargs)

    for each in innermost_first:  # what decorators set on a function is seen on the method
        functools.update_wrapper(call_decorated, each(_nothing()))
    functools.update_wrapper(call_decorated, method)
    return markcoroutinefunction(call_decorated) if iscoroutinefunction(method) else call_decorated


def _nothing() -> Callable[..., None]:
    def nothing(*_args: Any, **_kwargs: Any) -> None:
        """Take any call, to be decorated."""

    return nothing


def decorator_from_middleware(middleware_class: type) -> Callable[[F], F]:
    """Return a decorator of views that runs a middleware around this view alone."""
    return make_middleware_decorator(middleware_class)()


def decorator_from_middleware_with_args(middleware_class: type) -> Callable[..., Callable[[F], F]]:
    """Return a function that takes the middleware's further arguments and returns such a decorator."""
    return make_middleware_decorator(middleware_class)


def make_middleware_decorator(middleware_class: Any) -> Callable[..., Callable[[F], F]]:
    """Return a function from the middleware's arguments to a decorator of views, sync and async ones.

    A response that is yet to be rendered goes through `process_response` once it has been.
    """

    def take_arguments(*args: Any, **kwargs: Any) -> Callable[[F], F]:
        def decorate(view: F) -> F:
            middleware = middleware_class(view, *args, **kwargs)
            around = _around_async if iscoroutinefunction(view) else _around
            return cast("F", functools.wraps(view)(around(middleware, view)))

        return decorate

    return take_arguments


def _around(middleware: Any, view: Callable[..., Any]) -> Callable[..., Any]:
    def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        early = _before(middleware, view, request, args, kwargs)
        if early is not None:
            return early
        try:
            response = view(request, *args, **kwargs)
        except Exception as error:
            rescue = _offer(middleware, request, error)
            if rescue is None:
                raise
            return rescue
        return _after(middleware, request, response)

    return answer


def _around_async(middleware: Any, view: Callable[..., Any]) -> Callable[..., Any]:
    async def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        early = _before(middleware, view, request, args, kwargs)
        if early is not None:
            return early
        try:
            response = await view(request, *args, **kwargs)
        except Exception as error:
            rescue = _offer(middleware, request, error)
            if rescue is None:
                raise
            return rescue
        return _after(middleware, request, response)

    return answer


def _before(middleware: Any, view: Any, request: Any, args: Any, kwargs: Any) -> Any:
    early = None
    if hasattr(middleware, "process_request"):
        early = middleware.process_request(request)
    if early is None and hasattr(middleware, "process_view"):
        early = middleware.process_view(request, view, args, kwargs)
    return early


def _offer(middleware: Any, request: Any, error: Exception) -> Any:
    hook = getattr(middleware, "process_exception", None)
    return hook(request, error) if hook else None


def _after(middleware: Any, request: Any, response: Any) -> Any:
    finish = getattr(middleware, "process_response", None)
    if not callable(getattr(response, "render", None)):
        return finish(request, response) if finish else response
    if hasattr(middleware, "process_template_response"):
        response = middleware.process_template_response(request, response)
    if finish:
        response.add_post_render_callback(functools.partial(finish, request))
    return response


def sync_and_async_middleware(func: F) -> F:
    """Mark a middleware factory that takes a `get_response` of either kind."""
    return _mark(func, sync=True, async_=True)


def sync_only_middleware(func: F) -> F:
    """Mark a middleware factory that takes a sync `get_response` (the default)."""
    return _mark(func, sync=True, async_=False)


def async_only_middleware(func: F) -> F:
    """Mark a middleware factory that takes an async `get_response`."""
    return _mark(func, sync=False, async_=True)


def _mark(func: F, *, sync: bool, async_: bool) -> F:
    marked: Any = func
    marked.sync_capable, marked.async_capable = sync, async_
    return func
