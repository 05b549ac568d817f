"""From the names in MIDDLEWARE to one function and three rows of hooks.

The chain is built from the inside out, once, when the handler is made: each factory gets a `get_response`
that is the whole rest of the site.  A middleware that is nothing but hooks becomes a layer of the onion
around it; any other callable becomes the heart of an onion of its own.

In:     dotted names, the function that answers from the view.
Out:    a Chain.
Never:  sees a request.

Rules:  Django's `load_middleware`: hooks of the view go top-down, those of template responses and exceptions
        bottom-up; they are looked up once, here, where Django looks for `process_request` at each request.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from penstock.web.core.handlers.adaption import adapt
from penstock.web.core.handlers.exception import await_and_convert, response_for_exception
from penstock.web.core.handlers.onion import Layer, Onion, Respond
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.module_loading import import_string

logger = logging.getLogger("penstock.web.request")

Hook = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """What MIDDLEWARE comes to.

    Attributes:
        respond: the outermost function; a coroutine function if the chain was asked to be asynchronous.
        view_hooks: `process_view` of each middleware, outermost first.
        template_response_hooks: `process_template_response`, innermost first, with the name of its class.
        exception_hooks: `process_exception`, innermost first.
    """

    respond: Respond
    view_hooks: tuple[Hook, ...]
    template_response_hooks: tuple[tuple[Hook, str], ...]
    exception_hooks: tuple[Hook, ...]


def load_chain(names: Iterable[str], heart: Respond, *, is_async: bool) -> Chain:
    """Build the chain of these middlewares around `heart`, which is asynchronous if the chain is to be.

    Raises:
        ImportError: a name leads nowhere.
        ImproperlyConfigured: a factory returned None.
        RuntimeError: a middleware says that it can be neither sync nor async.
    """
    growing = _GrowingChain(heart, is_async=is_async)
    for name in reversed(list(names)):
        growing.add(name)
    return growing.finish()


class _GrowingChain:
    """A chain whose outer middlewares are still to come."""

    def __init__(self, heart: Respond, *, is_async: bool) -> None:
        self.asked_async = self.is_async = is_async
        self.onion: Onion | None = None  # None while the outermost layer is asynchronous
        self.respond: Respond = heart
        self.view_hooks: list[Hook] = []
        self.template_response_hooks: list[tuple[Hook, str]] = []
        self.exception_hooks: list[Hook] = []
        self._put_around(heart, is_async=is_async)

    def add(self, name: str) -> None:
        """Make the middleware of this name the outermost; one that raises MiddlewareNotUsed is left out."""
        factory = import_string(name)
        is_async = _side_of(factory, name, inner_is_async=self.is_async)
        get_response = adapt(
            self.respond, to_async=is_async, from_async=self.is_async, name=f"middleware {name}"
        )
        try:
            middleware = factory(get_response)
        except MiddlewareNotUsed as reason:
            _log_unused(name, reason)
            return
        if middleware is None:
            raise ImproperlyConfigured(f"Middleware factory {name} returned None.")
        self._take_hooks(middleware)
        self._put_around(middleware, is_async=is_async)

    def finish(self) -> Chain:
        """Return the chain on the side that was asked for."""
        return Chain(
            adapt(self.respond, to_async=self.asked_async, from_async=self.is_async),
            tuple(reversed(self.view_hooks)),
            tuple(self.template_response_hooks),
            tuple(self.exception_hooks),
        )

    def _take_hooks(self, middleware: Any) -> None:
        if hasattr(middleware, "process_view"):
            self.view_hooks.append(adapt(middleware.process_view, to_async=self.asked_async))
        if hasattr(middleware, "process_template_response"):
            hook = adapt(middleware.process_template_response, to_async=self.asked_async)
            self.template_response_hooks.append((hook, type(middleware).__name__))
        if hasattr(middleware, "process_exception"):
            # Sync on both sides: an asynchronous handler sends the whole row to the thread at once.
            self.exception_hooks.append(adapt(middleware.process_exception, to_async=False))

    def _put_around(self, respond: Respond, *, is_async: bool) -> None:
        """Make `respond` the outermost layer, with the conversion of exceptions around it."""
        if is_async:
            self.onion, self.respond = None, await_and_convert(respond)
        else:
            layer = _layer(respond, self.respond) if self.onion else None
            if self.onion and layer:
                self.onion = self.onion.inside(layer)
            else:
                self.onion = Onion(respond, response_for_exception)
            self.respond = self.onion.compile()
        self.is_async = is_async


def _side_of(factory: Any, name: str, *, inner_is_async: bool) -> bool:
    """Whether the middleware is to be asynchronous: as what it wraps, if it can."""
    can_sync = getattr(factory, "sync_capable", True)
    can_async = getattr(factory, "async_capable", False)
    if not can_sync and not can_async:
        raise RuntimeError(
            f"Middleware {name} must have at least one of sync_capable/async_capable set to True."
        )
    return bool(can_async and (inner_is_async or not can_sync))


def _log_unused(name: str, reason: MiddlewareNotUsed) -> None:
    if not settings.DEBUG:
        return
    if str(reason):
        logger.debug("MiddlewareNotUsed(%r): %s", name, reason)
    else:
        logger.debug("MiddlewareNotUsed: %r", name)


def _layer(middleware: Any, get_response: Respond) -> Layer | None:
    """Return the hooks of a middleware that is nothing else; None if it has a `__call__` of its own.

    One that put something of its own between itself and the rest of the site is called as it is, too.
    """
    if (
        not isinstance(middleware, MiddlewareMixin)
        or type(middleware).__call__ is not MiddlewareMixin.__call__
    ):
        return None
    if middleware.get_response is not get_response or middleware.async_mode:
        return None
    return Layer(getattr(middleware, "process_request", None), getattr(middleware, "process_response", None))
