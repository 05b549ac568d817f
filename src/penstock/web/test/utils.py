"""Small things for tests, under the name that Django gives their module.

In:     nothing.
Out:    settings and prefixes for a block, captured output, ignored warnings, tags.
Never:  anything that is not undone.
"""

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from penstock.web.test.contextlist import ContextList
from penstock.web.test.override import (
    TestContextDecorator,
    modify_settings,
    override_script_prefix,
    override_settings,
)

__all__ = [
    "ContextList",
    "TestContextDecorator",
    "captured_output",
    "captured_stderr",
    "captured_stdout",
    "ignore_warnings",
    "isolate_lru_cache",
    "modify_settings",
    "override_script_prefix",
    "override_settings",
    "tag",
]

T = TypeVar("T")


class ignore_warnings(TestContextDecorator):
    """Lets warnings pass unheard; arguments are those of warnings.simplefilter or filterwarnings."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self._kwargs = kwargs
        is_precise = "message" in kwargs or "module" in kwargs
        self._filter: Any = warnings.filterwarnings if is_precise else warnings.simplefilter

    def enable(self) -> None:
        """Stop hearing them."""
        self._catching: Any = warnings.catch_warnings()
        self._catching.__enter__()
        self._filter("ignore", **self._kwargs)

    def disable(self) -> None:
        """Hear them again."""
        self._catching.__exit__(None, None, None)


def tag(*tags: str) -> Callable[[T], T]:
    """Mark a test, or a test case, with words; a subclass has those of its parents, too."""

    def mark(decorated: T) -> T:
        decorated.tags = {*getattr(decorated, "tags", ()), *tags}  # type: ignore[attr-defined]  # this makes it
        return decorated

    return mark


@contextmanager
def captured_output(stream_name: str) -> Iterator[io.StringIO]:
    """Gather what a block writes to a stream of sys."""
    before = getattr(sys, stream_name)
    captured = io.StringIO()
    setattr(sys, stream_name, captured)
    try:
        yield captured
    finally:
        setattr(sys, stream_name, before)


def captured_stdout() -> Any:
    """Gather what a block prints."""
    return captured_output("stdout")


def captured_stderr() -> Any:
    """Gather what a block writes to stderr."""
    return captured_output("stderr")


@contextmanager
def isolate_lru_cache(lru_cache_object: Any) -> Iterator[None]:
    """Empty a cache before a block and after it."""
    with contextlib.ExitStack() as stack:
        stack.callback(lru_cache_object.cache_clear)
        lru_cache_object.cache_clear()
        yield
