"""From the dotted path of a view to the view itself.

In:     a callable, or text such as "mysite.views.home".
Out:    the callable.
Never:  calls it.
Rules:  Django's messages; an error inside the module that is imported is not hidden.
"""

import functools
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from penstock.web.core.exceptions import ViewDoesNotExist


@functools.cache
def get_callable(lookup_view: Any) -> Callable[..., Any]:
    """Return `lookup_view` if it may be called, else what its dotted path names.

    Raises:
        ViewDoesNotExist: it is neither, or the module has no such callable.
        ImportError: the path has no dot, or its module cannot be imported.
    """
    if callable(lookup_view):
        view: Callable[..., Any] = lookup_view
        return view
    if not isinstance(lookup_view, str):
        raise ViewDoesNotExist(f"'{lookup_view}' is not a callable or a dot-notation path")
    module_name, name = get_mod_func(lookup_view)
    if not name:
        raise ImportError(f"Could not import '{lookup_view}'. The path must be fully qualified.")
    return _view_of(_import_for(lookup_view, module_name), name, lookup_view)


def _import_for(lookup_view: str, module_name: str) -> Any:
    """Import the module of a view; one whose parent is there but which is not itself is the view's fault."""
    try:
        return import_module(module_name)
    except ImportError:
        parent, _ = get_mod_func(module_name)
        if parent != module_name and _is_there(parent) and not _is_there(module_name):
            msg = f"Could not import '{lookup_view}'. Parent module {module_name} does not exist."
            raise ViewDoesNotExist(msg) from None
        raise


def _is_there(module_name: str) -> bool:
    try:
        return find_spec(module_name) is not None
    except ImportError:
        return False


def _view_of(module: Any, name: str, lookup_view: str) -> Callable[..., Any]:
    try:
        view = getattr(module, name)
    except AttributeError as error:
        msg = f"Could not import '{lookup_view}'. View does not exist in module {module.__name__}."
        raise ViewDoesNotExist(msg) from error
    if not callable(view):
        raise ViewDoesNotExist(f"Could not import '{lookup_view}'. View is not callable.")
    found: Callable[..., Any] = view
    return found


def get_mod_func(callback: str) -> tuple[str, str]:
    """Split "package.module.view" into module and name; a text without a dot has no name."""
    module_name, dot, name = callback.rpartition(".")
    return (module_name, name) if dot else (callback, "")
