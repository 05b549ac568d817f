"""Text that is known to be HTML already and is not escaped again.

In:     text that the program wrote.
Out:    `SafeString`, marked by `__html__` as Jinja2 and MarkupSafe know it.
Never:  makes text safe: marking says that somebody else did.
"""

import functools
from collections.abc import Callable
from typing import Any

from penstock.web.utils.functional import keep_lazy


class SafeData:
    """The base of all that needs no escaping."""

    __slots__ = ()

    def __html__(self) -> Any:
        """Itself: the protocol by which a template engine knows HTML."""
        return self


class SafeString(str, SafeData):
    """Text that is HTML; safe and safe is safe, safe and anything else is not."""

    __slots__ = ()

    def __add__(self, other: str) -> str:
        text = super().__add__(other)
        return SafeString(text) if isinstance(other, SafeData) else text

    def __str__(self) -> str:
        return self


SafeText = SafeString


def mark_safe(s: Any) -> Any:
    """Say of text that it is HTML; decorates a function that returns such text, too."""
    if hasattr(s, "__html__"):
        return s
    return _returning_safe(s) if callable(s) else _marked(s)


@keep_lazy(SafeString)
def _marked(text: Any) -> SafeString:
    return SafeString(text)


def _returning_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return mark_safe(function(*args, **kwargs))

    return marked
