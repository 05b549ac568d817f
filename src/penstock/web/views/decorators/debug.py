"""What error reports must not show of one view: values of variables, and of fields of a form.

In:     a function; names.
Out:    the function, its code noted in a table that the reports consult.
Never:  changes what the function does.

Rules:  Django's: the names are hidden in the function's own frame and in those of everything that it calls.
        Hiding ends with DEBUG: a technical page is for the developer.
"""

import inspect
import weakref
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, TypeVar

from penstock.web.views.decorators.around import around, require_request

F = TypeVar("F", bound="Callable[..., Any]")

HIDE_ALL: Final = "__ALL__"

# By the code of a function: it is what a frame of a traceback is known by, whatever stands around the
# function, and it is the same for a coroutine.
_sensitive: Final[weakref.WeakKeyDictionary[CodeType, str | tuple[str, ...]]] = weakref.WeakKeyDictionary()


def sensitive_variables(*variables: str) -> Callable[[F], F]:
    """Hide the values of these variables, or of all if none is named, in error reports."""
    _require_names("sensitive_variables", variables)

    def decorate(function: F) -> F:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None:
            msg = f"sensitive_variables() decorates {function!r}; expected a function written in Python"
            raise TypeError(msg)
        _sensitive[code] = variables or HIDE_ALL
        return function

    return decorate


def _require_names(decorator: str, given: tuple[object, ...]) -> None:
    """Refuse the function itself in the place of names: the parentheses are missing."""
    if len(given) == 1 and callable(given[0]):
        msg = (
            f"{decorator}() must be called to use it as a decorator, e.g., use @{decorator}(), "
            f"not @{decorator}."
        )
        raise TypeError(msg)


def hidden_variables(code: CodeType) -> str | tuple[str, ...] | None:
    """Return the names that a function hides, HIDE_ALL, or None if it hides nothing."""
    return _sensitive.get(code)


def sensitive_post_parameters(*parameters: str) -> Callable[[F], F]:
    """Hide these fields of POST, or all if none is named, in error reports about requests to the view."""
    _require_names("sensitive_post_parameters", parameters)

    def mark(request: Any, /, *_args: Any, **_kwargs: Any) -> None:
        require_request("sensitive_post_parameters", request)
        request.sensitive_post_parameters = parameters or HIDE_ALL

    return lambda view: around(view, before=mark)
