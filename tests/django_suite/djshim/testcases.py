import asyncio
import contextlib
import inspect
import json
import sys
import unittest
import warnings
from copy import copy
from functools import partial
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from . import client as _client
from ._pkg import Missing, pkg
from .html import parse_html
from .signals import template_rendered
from .utils import ContextList, modify_settings, override_settings

settings = pkg("conf", "settings")
__unittest = True


def _run_async(fn):
    try:
        from asgiref.sync import async_to_sync

        return async_to_sync(fn)
    except ImportError:
        return lambda *a, **k: asyncio.run(fn(*a, **k))


class SimpleTestCase(unittest.TestCase):
    client_class = _client.Client
    async_client_class = _client.AsyncClient
    _overridden_settings = _modified_settings = None
    databases = set()
    fixtures = None
    available_apps = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls._overridden_settings:
            cls.enterClassContext(override_settings(**cls._overridden_settings))
        if cls._modified_settings:
            cls.enterClassContext(modify_settings(cls._modified_settings))
        cls._dj_tainted = False
        if hasattr(cls, "setUpTestData"):
            try:
                cls.setUpTestData()
            except unittest.SkipTest:  # models: let the tests that need none run
                cls._dj_tainted = True

    def __call__(self, result=None):
        meth = getattr(self, self._testMethodName)
        if inspect.iscoroutinefunction(meth):
            setattr(self, self._testMethodName, _run_async(meth))
        self.client = self.client_class()
        with contextlib.suppress(unittest.SkipTest):
            self.async_client = self.async_client_class()
        mail = pkg("core.mail", optional=True)
        if mail is not None:
            mail.outbox = []
        return super().__call__(result)

    def settings(self, **kw):
        return override_settings(**kw)

    def modify_settings(self, **kw):
        return modify_settings(**kw)

    # -- exceptions and warnings -------------------------------------------------
    def assertRaisesMessage(self, exc, msg, *args, **kw):
        @contextlib.contextmanager
        def cm():
            with self.assertRaises(exc) as c:
                yield c
            self.assertIn(str(msg), str(c.exception))

        if not args:
            return cm()
        with cm():
            args[0](*args[1:], **kw)

    def assertWarnsMessage(self, warn, msg, *args, **kw):
        @contextlib.contextmanager
        def cm():
            with self.assertWarns(warn) as c:
                yield c
            self.assertIn(str(msg), str(c.warning))

        if not args:
            return cm()
        with cm():
            return args[0](*args[1:], **kw)

    # -- responses ---------------------------------------------------------------
    def _content(self, response, status_code, html, text):
        if callable(getattr(response, "render", None)) and not response.is_rendered:
            response.render()
        self.assertEqual(response.status_code, status_code)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        if isinstance(text, bytes) and not html:
            return body, text
        body, text = body.decode(response.charset), str(text)
        return (parse_html(body), parse_html(text)) if html else (body, text)

    def assertContains(self, response, text, count=None, status_code=200, msg_prefix="", html=False):
        body, text = self._content(response, status_code, html, text)
        n = body.count(text)
        if count is None:
            self.assertTrue(n, f"{msg_prefix}{text!r} not in {body!r}")
        else:
            self.assertEqual(n, count, f"{msg_prefix}{text!r} in {body!r}")

    def assertNotContains(self, response, text, status_code=200, msg_prefix="", html=False):
        body, text = self._content(response, status_code, html, text)
        self.assertEqual(body.count(text), 0, f"{msg_prefix}{text!r} in {body!r}")

    def assertURLEqual(self, a, b, msg_prefix=""):
        def norm(u):
            s, n, p, q, f = urlsplit(str(u))
            return urlunsplit((s, n, p, urlencode(sorted(parse_qsl(q))), f))

        self.assertEqual(norm(a), norm(b), msg_prefix)

    def assertRedirects(
        self,
        response,
        expected_url,
        status_code=302,
        target_status_code=200,
        msg_prefix="",
        fetch_redirect_response=True,
    ):
        if hasattr(response, "redirect_chain"):
            self.assertTrue(response.redirect_chain, f"{msg_prefix} status {response.status_code}")
            self.assertEqual(response.redirect_chain[0][1], status_code)
            url, _ = response.redirect_chain[-1]
            self.assertEqual(response.status_code, target_status_code)
        else:
            self.assertEqual(response.status_code, status_code)
            url = response.url
            scheme, netloc, path, query, _ = urlsplit(url)
            if not path.startswith("/"):
                url = urljoin(response.request["PATH_INFO"], url)
                path = urljoin(response.request["PATH_INFO"], path)
            if fetch_redirect_response:
                split, valid = pkg("http.request", "split_domain_port", "validate_host")
                domain, _ = split(netloc)
                if domain and not valid(domain, settings.ALLOWED_HOSTS):
                    raise ValueError(f"cannot fetch remote URL {url}")
                got = response.client.get(
                    path,
                    pkg("http", "QueryDict")(query),
                    secure=scheme == "https",
                    headers=getattr(response.client, "headers", None) or {},
                    **(getattr(response.client, "extra", None) or {}),
                )
                self.assertEqual(got.status_code, target_status_code)
        self.assertURLEqual(url, expected_url, msg_prefix)

    # -- templates ---------------------------------------------------------------
    @contextlib.contextmanager
    def _rendered(self, check):
        names = []

        def on(sender, signal, template, context, **kw):
            if template.name is not None:
                names.append(template.name)

        template_rendered.connect(on)
        try:
            yield
        finally:
            template_rendered.disconnect(on)
        check(names)

    def _names(self, response):
        if not hasattr(response, "templates"):
            raise ValueError("only usable on responses fetched using the test Client")
        return [t.name for t in response.templates if t.name is not None]

    def assertTemplateUsed(self, response=None, template_name=None, msg_prefix="", count=None):
        if isinstance(response, str):
            response, template_name = None, response

        def check(names):
            self.assertIn(template_name, names)
            if count is not None:
                self.assertEqual(names.count(template_name), count)

        return self._rendered(check) if response is None else check(self._names(response))

    def assertTemplateNotUsed(self, response=None, template_name=None, msg_prefix=""):
        if isinstance(response, str):
            response, template_name = None, response
        check = lambda names: self.assertNotIn(template_name, names)  # noqa
        return self._rendered(check) if response is None else check(self._names(response))

    # -- content -----------------------------------------------------------------
    def assertHTMLEqual(self, a, b, msg=None):
        self.assertEqual(parse_html(a), parse_html(b), msg)

    def assertInHTML(self, needle, haystack, count=None, msg_prefix=""):
        n = parse_html(haystack).count(parse_html(needle))
        self.assertTrue(n if count is None else n == count, f"{msg_prefix}{needle!r} x{n} in {haystack!r}")

    def assertJSONEqual(self, raw, expected, msg=None):
        self.assertEqual(
            json.loads(raw), json.loads(expected) if isinstance(expected, str) else expected, msg
        )

    def assertNumQueries(self, *a, **k):
        raise unittest.SkipTest("needs db")

    assertQuerySetEqual = assertFormError = assertFormSetError = assertNumQueries


class TestCase(SimpleTestCase):
    pass


class TransactionTestCase(SimpleTestCase):
    pass


@unittest.skip("live server")
class LiveServerTestCase(SimpleTestCase):
    pass


def skipIfDBFeature(*f):
    return unittest.skip("needs db")


skipUnlessDBFeature = skipUnlessAnyDBFeature = skipIfDBFeature


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Missing(f"test.testcases.{name}")
