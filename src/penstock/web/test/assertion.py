"""Assertions about responses.

In:     responses of the test client.
Out:    a failed test that says what came and what was expected.
Never:  sends a request, but one: to see whether a redirect leads to a page.

Rules:  names, arguments and meaning are Django's; so are the words, where programs look for them.
"""

# ruff: noqa: PT009 - these are unittest's assertions, for test cases of either runner

import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from penstock.web.conf import settings
from penstock.web.http.host import split_domain_port, validate_host
from penstock.web.http.querydict import QueryDict
from penstock.web.test.html import parse_html
from penstock.web.test.signals import template_rendered


def _prefix(text: str) -> str:
    return f"{text}: " if text else ""


class ResponseAssertions(unittest.TestCase):
    """What a response contains, where it leads, from which templates it was made."""

    def assertContains(
        self,
        response: Any,
        text: Any,
        count: int | None = None,
        status_code: int = 200,
        msg_prefix: str = "",
        html: bool = False,
    ) -> None:
        """Assert that a response has a status and a text, as often as `count` says."""
        found, shown, where = self._occurrences(response, text, status_code, msg_prefix, html=html)
        if count is not None:
            self.assertEqual(found, count, f"{where}Found {found} instances of {shown} (expected {count})")
        else:
            self.assertTrue(found, f"{where}Couldn't find {shown}")

    def assertNotContains(
        self, response: Any, text: Any, status_code: int = 200, msg_prefix: str = "", html: bool = False
    ) -> None:
        """Assert that a response has a status and not a text."""
        found, shown, where = self._occurrences(response, text, status_code, msg_prefix, html=html)
        self.assertEqual(found, 0, f"{where}{shown} unexpectedly found")

    def _occurrences(
        self, response: Any, text: Any, status_code: int, msg_prefix: str, *, html: bool
    ) -> tuple[int, str, str]:
        """Return how often a text is in a response, how to show it, and how to begin a message."""
        where = _prefix(msg_prefix)
        if not getattr(response, "is_rendered", True):
            response.render()
        self.assertEqual(
            response.status_code,
            status_code,
            f"{where}Couldn't retrieve content: Response code was {response.status_code} "
            f"(expected {status_code})",
        )
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if html:
            return parse_html(content.decode(response.charset)).count(parse_html(text)), repr(text), where
        wanted = text if isinstance(text, bytes) else str(text).encode(response.charset)
        return content.count(wanted), repr(text), where

    def assertURLEqual(self, url1: Any, url2: Any, msg_prefix: str = "") -> None:
        """Assert that two URLs mean the same; the order of query fields matters for one name alone."""
        first, second = _normal_url(url1), _normal_url(url2)
        self.assertEqual(first, second, f"{_prefix(msg_prefix)}Expected '{first}' to equal '{second}'.")

    def assertRedirects(
        self,
        response: Any,
        expected_url: Any,
        status_code: int = 302,
        target_status_code: int = 200,
        msg_prefix: str = "",
        fetch_redirect_response: bool = True,
    ) -> None:
        """Assert that a response leads to a URL, and that there is a page.

        Raises:
            ValueError: the page is on another host, and `fetch_redirect_response` asks for it.
        """
        where = _prefix(msg_prefix)
        if hasattr(response, "redirect_chain"):
            url = self._followed_to(response, status_code, target_status_code, where)
        else:
            url = self._led_to(response, status_code, where)
            if fetch_redirect_response:
                self._check_target(response, url, target_status_code, where)
        expected = urljoin(_asked_path(response), str(expected_url))
        self.assertURLEqual(url, expected, f"{where}Response redirected to '{url}', expected '{expected}'")

    def _followed_to(self, response: Any, status_code: int, target_status_code: int, where: str) -> str:
        chain = response.redirect_chain
        self.assertTrue(chain, f"{where}{_didnt_redirect(response.status_code, status_code)}")
        self.assertEqual(
            chain[0][1],
            status_code,
            f"{where}Initial response didn't redirect as expected: Response code was {chain[0][1]} "
            f"(expected {status_code})",
        )
        self.assertEqual(
            response.status_code,
            target_status_code,
            f"{where}Response didn't redirect as expected: Final Response code was {response.status_code} "
            f"(expected {target_status_code})",
        )
        last: str = chain[-1][0]
        return urljoin(_asked_path(response), last)

    def _led_to(self, response: Any, status_code: int, where: str) -> str:
        self.assertEqual(
            response.status_code, status_code, f"{where}{_didnt_redirect(response.status_code, status_code)}"
        )
        location: str = response.url
        return urljoin(_asked_path(response), location)

    def _check_target(self, response: Any, url: str, status_code: int, where: str) -> None:
        parts = urlsplit(url)
        domain, _ = split_domain_port(parts.netloc)
        if domain and not validate_host(domain, settings.ALLOWED_HOSTS):
            raise ValueError(
                f"The test client is unable to fetch remote URLs (got {url}). If the host is served by this "
                f"project, add '{domain}' to ALLOWED_HOSTS. Otherwise, use "
                "assertRedirects(..., fetch_redirect_response=False)."
            )
        target = response.client.get(
            parts.path,
            QueryDict(parts.query),
            secure=parts.scheme == "https",
            headers=response.client.headers or {},
            **(response.client.extra or {}),
        )
        self.assertEqual(
            target.status_code,
            status_code,
            f"{where}Couldn't retrieve redirection page '{parts.path}': "
            f"response code was {target.status_code} (expected {status_code})",
        )

    def assertTemplateUsed(
        self,
        response: Any = None,
        template_name: str | None = None,
        msg_prefix: str = "",
        count: int | None = None,
    ) -> Any:
        """Assert that a template was rendered, for a response or within a block; `count` says how often."""

        def check(names: list[str]) -> None:
            found = names.count(wanted)
            self.assertTrue(
                found,
                f"{_prefix(msg_prefix)}Template '{wanted}' was not a template used to render the response. "
                f"Actual template(s) used: {', '.join(names)}",
            )
            if count is not None:
                self.assertEqual(
                    found,
                    count,
                    f"{_prefix(msg_prefix)}Template '{wanted}' was expected to be rendered {count} time(s) "
                    f"but was actually rendered {found} time(s).",
                )

        of_response, wanted = _response_and_name(response, template_name)
        return _names_rendered(check) if of_response is None else check(_names_of(of_response))

    def assertTemplateNotUsed(
        self, response: Any = None, template_name: str | None = None, msg_prefix: str = ""
    ) -> Any:
        """Assert that a template was not rendered."""

        def check(names: list[str]) -> None:
            message = f"Template '{unwanted}' was used unexpectedly in rendering the response"
            self.assertNotIn(unwanted, names, f"{_prefix(msg_prefix)}{message}")

        of_response, unwanted = _response_and_name(response, template_name)
        return _names_rendered(check) if of_response is None else check(_names_of(of_response))


def _didnt_redirect(found: int, expected: int) -> str:
    return f"Response didn't redirect as expected: Response code was {found} (expected {expected})"


def _asked_path(response: Any) -> str:
    asked: str = response.request.get("PATH_INFO") or response.request["path"]
    return asked


def _normal_url(url: Any) -> str:
    """Return a URL with its query sorted by name; values of one name keep their order."""
    parts = urlsplit(str(url))
    fields = sorted(parse_qsl(parts.query, keep_blank_values=True), key=lambda pair: pair[0])
    return parts._replace(query=urlencode(fields)).geturl()


def _response_and_name(response: Any, template_name: str | None) -> tuple[Any, str]:
    """Sort out the two ways to call: with a response and a name, or with a name for a block.

    Raises:
        TypeError: neither.
    """
    if isinstance(response, str):
        response, template_name = None, response
    if template_name is None:
        raise TypeError("response and/or template_name argument must be provided")
    return response, template_name


def _names_of(response: Any) -> list[str]:
    if not hasattr(response, "templates"):
        raise ValueError(
            "assertTemplateUsed() and assertTemplateNotUsed() are only usable on responses fetched using the "
            "test Client."
        )
    return [template.name for template in response.templates if template.name is not None]


@contextmanager
def _names_rendered(check: Any) -> Iterator[None]:
    """Gather the names of what a block renders, and check them when it is left without an error."""
    names: list[str] = []

    def note(*, template: Any, **_named: object) -> None:
        if template.name is not None:
            names.append(template.name)

    template_rendered.connect(note)
    try:
        yield
    finally:
        template_rendered.disconnect(note)
    check(names)
