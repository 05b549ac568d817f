"""What concerns `CommonMiddleware` in one view.

In:     a view.
Out:    a view.
Never:  redirects (middleware/common.py).
Rules:  Django's.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from penstock.web.views.decorators.around import around

V = TypeVar("V", bound=Callable[..., Any])


def no_append_slash(view_func: V) -> V:
    """Let APPEND_SLASH not lead to this view."""
    view = around(view_func)
    view.should_append_slash = False  # type: ignore[attr-defined]  # the mark that the middleware reads
    return view
