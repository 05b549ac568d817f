"""How things grow old (warnings, renamed methods), and the class for middleware made of hooks.

In:     a middleware's hooks; the names a class has outgrown.
Out:    one callable per middleware; a warning per use of an old name.
Never:  decides an order between layers (core/handlers/onion.py does).

Rules:  Django's `django.utils.deprecation`.  A response from `process_request` is tested by its truth, and
        the layer's own `process_response` sees it; a hook that raises leaves the layer.
"""

import functools
import warnings
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from penstock.web.utils.asyncio import iscoroutinefunction, markcoroutinefunction
from penstock.web.utils.crossing import run_in_thread

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest
    from penstock.web.http.response import HttpResponseBase


class RemovedInDjango60Warning(DeprecationWarning):
    """A use that Django 6.0 no longer knows."""


class RemovedInDjango61Warning(PendingDeprecationWarning):
    """A use that Django 6.1 no longer knows."""


RemovedInNextVersionWarning = RemovedInDjango60Warning
RemovedAfterNextVersionWarning = RemovedInDjango61Warning


class RenameMethodsBase(type):
    """A metaclass that keeps the old and the new name of a method callable, whichever a class defines.

    A subclass sets `renamed_methods` to (old name, new name, category of the warnings).  A class that
    defines the old name alone is warned about where it is defined; each call by the old name is warned
    about where it is made.
    """

    renamed_methods: ClassVar[tuple[tuple[str, str, type[Warning]], ...]] = ()

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "RenameMethodsBase":
        """Make the class, and complete each of its ancestors with the name that it lacks."""
        made = super().__new__(cls, name, bases, namespace)
        for ancestor in made.__mro__:
            for old, new, category in cls.renamed_methods:
                _complete_names(ancestor, old, new, category)
        return made


def _complete_names(owner: type, old: str, new: str, category: type[Warning]) -> None:
    by_old_name, by_new_name = owner.__dict__.get(old), owner.__dict__.get(new)
    if bool(by_old_name) == bool(by_new_name):
        return
    if by_old_name:
        warnings.warn(f"`{owner.__name__}.{old}` method should be renamed `{new}`.", category, stacklevel=3)
        setattr(owner, new, by_old_name)
    notice = f"`{owner.__name__}.{old}` is deprecated, use `{new}` instead."
    setattr(owner, old, _noticed(by_old_name or by_new_name, notice, category))


def _noticed(method: Any, notice: str, category: type[Warning]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call_with_notice(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(notice, category, stacklevel=2)
        return method(*args, **kwargs)

    return call_with_notice


class MiddlewareMixin:
    """A middleware that is its hooks: `process_request` on the way in, `process_response` on the way out.

    Both are optional.  Under an asynchronous `get_response` an instance is itself asynchronous, and its
    hooks run in the thread that sync code shares.

    A subclass that leaves `__call__` alone is usually not called at all: the onion calls its hooks directly.

    Raises:
        ValueError: `get_response` is None.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        if get_response is None:
            raise ValueError("get_response must be provided.")
        self.get_response = get_response
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(cast("Callable[..., Any]", self))
        super().__init__()

    def __repr__(self) -> str:
        inner = getattr(self.get_response, "__qualname__", type(self.get_response).__name__)
        return f"<{type(self).__qualname__} get_response={inner}>"

    def __call__(self, request: "HttpRequest") -> "HttpResponseBase | Awaitable[HttpResponseBase]":
        """Answer the request through both hooks."""
        if self.async_mode:
            return self.__acall__(request)
        before, after = getattr(self, "process_request", None), getattr(self, "process_response", None)
        response = (before and before(request)) or self.get_response(request)
        return after(request, response) if after else response  # type: ignore[no-any-return]  # the hooks' word

    async def __acall__(self, request: "HttpRequest") -> "HttpResponseBase":
        """Do as `__call__` does, with the hooks in the thread of sync code."""
        before, after = getattr(self, "process_request", None), getattr(self, "process_response", None)
        early = before and await run_in_thread(before)(request)
        response = early or await self.get_response(request)
        if after:
            response = await run_in_thread(after)(request, response)
        return response  # type: ignore[no-any-return]  # the hooks' word
