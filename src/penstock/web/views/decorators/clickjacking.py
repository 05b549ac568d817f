"""Whether a page may stand in a frame: X-Frame-Options of one view.

In:     a view.
Out:    a view.
Never:  changes a value that the view has set.
Rules:  Django's; RFC 7034.
"""

from typing import Any, TypeVar

from penstock.web.views.decorators.around import around

V = TypeVar("V", bound="Any")


def _frame_options(value: str) -> Any:
    def label(_request: Any, response: Any, /) -> None:
        if response.get("X-Frame-Options") is None:
            response["X-Frame-Options"] = value

    return label


def xframe_options_deny(view_func: V) -> V:
    """Let the answer stand in no frame."""
    decorated: V = around(view_func, after=_frame_options("DENY"))
    return decorated


def xframe_options_sameorigin(view_func: V) -> V:
    """Let the answer stand in frames of the same site."""
    decorated: V = around(view_func, after=_frame_options("SAMEORIGIN"))
    return decorated


def xframe_options_exempt(view_func: V) -> V:
    """Let the middleware say nothing about frames."""

    def mark(_request: Any, response: Any, /) -> None:
        response.xframe_options_exempt = True

    decorated: V = around(view_func, after=mark)
    return decorated
