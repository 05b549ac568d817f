"""Assertions about text: messages, HTML and JSON.

In:     what a test has in hand.
Out:    a failed test that shows the difference.
Never:  looks at a response (assertion.py).

Rules:  names and meaning are Django's.
"""

# ruff: noqa: PT009 - these are unittest's assertions, for test cases of either runner

import json
import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from penstock.web.test.html import Element, HTMLParseError, parse_html


class TextAssertions(unittest.TestCase):
    """What exceptions, warnings and documents say."""

    def assertRaisesMessage(
        self,
        expected_exception: Any,
        expected_message: Any,
        callable_obj: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Assert that a call, or a block, raises an exception whose text contains a message."""
        raising = self._saying(self.assertRaises, "exception", expected_exception, expected_message)
        return _in_context(raising, callable_obj, args, kwargs)

    def assertWarnsMessage(
        self,
        expected_warning: Any,
        expected_message: Any,
        callable_obj: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Assert that a call, or a block, warns with a text that contains a message."""
        warning = self._saying(self.assertWarns, "warning", expected_warning, expected_message)
        return _in_context(warning, callable_obj, args, kwargs)

    @contextmanager
    def _saying(self, assertion: Any, attribute: str, expected: Any, message: Any) -> Iterator[Any]:
        with assertion(expected) as caught:
            yield caught
        self.assertIn(str(message), str(getattr(caught, attribute)))

    def assertHTMLEqual(self, html1: Any, html2: Any, msg: Any = None) -> None:
        """Assert that two documents are the same to a browser."""
        first, second = self._parsed(html1, "First"), self._parsed(html2, "Second")
        self.assertEqual(first, second, msg)

    def assertHTMLNotEqual(self, html1: Any, html2: Any, msg: Any = None) -> None:
        """Assert that two documents are not."""
        first, second = self._parsed(html1, "First"), self._parsed(html2, "Second")
        self.assertNotEqual(first, second, msg)

    def assertInHTML(
        self, needle: Any, haystack: Any, count: int | None = None, msg_prefix: str = ""
    ) -> None:
        """Assert that a piece of HTML is in a document, as often as `count` says."""
        found = self._parsed(haystack, "Second").count(self._parsed(needle, "First"))
        start = f"{msg_prefix}: " if msg_prefix else ""
        if count is None:
            self.assertTrue(found, f"{start}Couldn't find {needle!r} in the following response\n{haystack!r}")
        else:
            self.assertEqual(found, count, f"{start}Found {found} instances of {needle!r} (expected {count})")

    def assertNotInHTML(self, needle: Any, haystack: Any, msg_prefix: str = "") -> None:
        """Assert that a piece of HTML is not in a document."""
        self.assertInHTML(needle, haystack, count=0, msg_prefix=msg_prefix)

    def _parsed(self, html: Any, which: str) -> Element:
        try:
            return parse_html(html)
        except HTMLParseError as error:
            self.fail(f"{which} argument is not valid HTML: {error}")

    def assertJSONEqual(self, raw: Any, expected_data: Any, msg: Any = None) -> None:
        """Assert that a text is JSON of these data, or of the same as another text."""
        self.assertEqual(self._loaded(raw, "First"), self._expected(expected_data), msg)

    def assertJSONNotEqual(self, raw: Any, expected_data: Any, msg: Any = None) -> None:
        """Assert that it is not."""
        self.assertNotEqual(self._loaded(raw, "First"), self._expected(expected_data), msg)

    def _expected(self, data: Any) -> Any:
        return self._loaded(data, "Second") if isinstance(data, str) else data

    def _loaded(self, text: Any, which: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            self.fail(f"{which} argument is not valid JSON: {text!r}")


def _in_context(
    context: AbstractContextManager[Any], func: Callable[..., Any] | None, args: Any, kwargs: Any
) -> Any:
    """Return the context for a block, or call a function in it."""
    if func is None:
        return context
    with context:
        return func(*args, **kwargs)
