"""Test cases, and their assertions."""

import os
import subprocess
import sys
import unittest
import warnings
from types import SimpleNamespace

import pytest

from penstock.web.conf import settings
from penstock.web.core import mail
from penstock.web.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from penstock.web.test import (
    Client,
    SimpleTestCase,
    TestCase,
    TransactionTestCase,
    modify_settings,
    override_settings,
)
from penstock.web.test.signals import template_rendered
from penstock.web.urls import path

ROUTES = [
    path("page/", lambda _request: HttpResponse("<p class='b a'>hello hello</p>")),
    path("stream/", lambda _request: StreamingHttpResponse(["hel", "lo"])),
    path("there/", lambda _request: HttpResponseRedirect("/page/?b=2&a=1")),
    path("twice/", lambda _request: HttpResponseRedirect("/there/")),
    path("away/", lambda _request: HttpResponseRedirect("https://elsewhere.example/")),
    path("missing/", lambda _request: HttpResponseRedirect("/nowhere/")),
]


@pytest.fixture
def case(urlconf, override):
    urlconf(*ROUTES)
    override(MIDDLEWARE=[])
    return SimpleTestCase()


@pytest.fixture
def client(case):
    return Client()


def outcome(case_class, name):
    suite = unittest.TestLoader().loadTestsFromName(name, SimpleNamespace(**{name: case_class}))
    result = unittest.TestResult()
    suite.run(result)
    return result


def test_test_case_has_clients_settings_and_an_outbox(case):
    seen = {}

    @override_settings(DEBUG=True)
    @modify_settings(ALLOWED_HOSTS={"append": "more.example"})
    class Case(SimpleTestCase):
        def test_sync(self):
            mail.outbox.append("one")
            seen["page"] = self.client.get("/page/").content
            seen["settings"] = (
                settings.DEBUG,
                settings.ALLOWED_HOSTS,
                settings.EMAIL_BACKEND.rpartition(".")[2],
            )

        async def test_async(self):
            seen["async"] = (await self.async_client.get("/page/")).status_code
            seen["outbox"] = list(mail.outbox)
            with self.settings(DEBUG="odd"), self.modify_settings(ALLOWED_HOSTS={"remove": "more.example"}):
                seen["inner"] = (settings.DEBUG, "more.example" in settings.ALLOWED_HOSTS)

    result = outcome(Case, "Case")
    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
    assert b"hello" in seen["page"]
    assert seen["settings"] == (True, ["testserver", "testserver", "more.example"], "EmailBackend")
    assert (seen["async"], seen["outbox"], seen["inner"]) == (200, [], ("odd", False))
    assert settings.DEBUG is False


def test_data_of_a_test_case_are_set_up_once():
    class Case(TestCase):
        calls = 0

        @classmethod
        def setUpTestData(cls):
            cls.calls += 1

        def test_one(self):
            assert self.calls == 1

        test_two = test_one

    assert outcome(Case, "Case").wasSuccessful()
    assert issubclass(TransactionTestCase, SimpleTestCase)


def test_content_is_found_and_counted(case, client):
    page = client.get("/page/")
    case.assertContains(page, "hello")
    case.assertContains(page, b"hello", count=2)
    case.assertContains(page, '<p class="a b">hello hello</p>', html=True)
    case.assertContains(client.get("/stream/"), "hello")
    case.assertNotContains(page, "bye")
    case.assertContains(client.get("/nowhere/"), "Not Found", status_code=404)


@pytest.mark.parametrize(
    ("assertion", "message"),
    [
        (lambda case, page: case.assertContains(page, "bye"), "Couldn't find 'bye'"),
        (lambda case, page: case.assertContains(page, "hello", count=1), "Found 2 instances of 'hello'"),
        (lambda case, page: case.assertContains(page, "hello", status_code=404), "Response code was 200"),
        (lambda case, page: case.assertContains(page, "bye", msg_prefix="why"), "why: Couldn't find"),
        (lambda case, page: case.assertNotContains(page, "hello"), "'hello' unexpectedly found"),
        (lambda case, page: case.assertRedirects(page, "/x/"), "Response didn't redirect as expected"),
    ],
)
def test_assertion_that_fails_says_why(case, client, assertion, message):
    with pytest.raises(AssertionError, match=message):
        assertion(case, client.get("/page/"))


def test_unrendered_response_is_rendered(case):
    class Template(HttpResponse):
        is_rendered = False

        def render(self):
            self.content = "made"

    case.assertContains(Template(), "made")


def test_redirects_are_followed_to_their_page(case, client):
    case.assertRedirects(client.get("/there/"), "/page/?a=1&b=2")
    case.assertRedirects(client.get("/twice/", follow=True), "/page/?a=1&b=2")
    case.assertRedirects(client.get("/away/"), "https://elsewhere.example/", fetch_redirect_response=False)
    case.assertRedirects(client.get("/missing/"), "/nowhere/", target_status_code=404)


@pytest.mark.parametrize(
    ("start", "follow", "message"),
    [
        ("/there/", False, r"Response redirected to '/page/\?b=2&a=1', expected '/page/'"),
        ("/missing/", False, "Couldn't retrieve redirection page '/nowhere/': response code was 404"),
        ("/missing/", True, "Final Response code was 404"),
        ("/page/", True, "Response code was 200"),
    ],
)
def test_redirect_that_leads_elsewhere_fails(case, client, start, follow, message):
    with pytest.raises(AssertionError, match=message):
        case.assertRedirects(client.get(start, follow=follow), "/page/")


def test_first_redirect_of_a_chain_has_the_status_that_was_expected(case, client):
    with pytest.raises(AssertionError, match="Initial response didn't redirect as expected"):
        case.assertRedirects(client.get("/twice/", follow=True), "/page/", status_code=301)


def test_redirect_to_another_host_is_not_fetched(case, client):
    with pytest.raises(ValueError, match="unable to fetch remote URLs"):
        case.assertRedirects(client.get("/away/"), "https://elsewhere.example/")


def test_templates_are_seen_in_blocks_and_responses(case):
    template, unnamed = SimpleNamespace(name="a.html"), SimpleNamespace(name=None)
    response = SimpleNamespace(templates=[template, unnamed, template])
    case.assertTemplateUsed(response, "a.html", count=2)
    case.assertTemplateNotUsed(response, "b.html")
    with case.assertTemplateUsed("a.html"), case.assertTemplateNotUsed("b.html"):
        for each in (template, unnamed):
            template_rendered.send(sender=None, template=each, context={})


def test_template_that_was_not_or_too_often_used_fails(case):
    response = SimpleNamespace(templates=[SimpleNamespace(name="a.html")])
    with pytest.raises(AssertionError, match=r"Template 'b.html' was not a template used"):
        case.assertTemplateUsed(response, "b.html")
    with pytest.raises(AssertionError, match=r"rendered 2 time\(s\) but was actually rendered 1"):
        case.assertTemplateUsed(response, "a.html", count=2)
    with pytest.raises(AssertionError, match=r"'a.html' was used unexpectedly"):
        case.assertTemplateNotUsed(response, "a.html")
    with pytest.raises(ValueError, match="only usable on responses fetched using the test Client"):
        case.assertTemplateUsed(HttpResponse(), "a.html")
    with pytest.raises(TypeError, match="must be provided"):
        case.assertTemplateUsed()


def raising(error):
    raise error


def test_exceptions_and_warnings_are_asked_what_they_say(case):
    case.assertRaisesMessage(ValueError, "part", raising, ValueError("a part of it"))
    with case.assertRaisesMessage(ValueError, "part"):
        raising(ValueError("a part of it"))
    case.assertWarnsMessage(UserWarning, "part", warnings.warn, "a part of it", stacklevel=2)
    with pytest.raises(AssertionError):
        case.assertRaisesMessage(ValueError, "other", raising, ValueError("a part"))


def test_documents_are_compared(case):
    case.assertHTMLEqual("<p a=1 b=2>", "<p b=2 a=1>")
    case.assertHTMLNotEqual("<p>", "<b>")
    case.assertInHTML("<b>x</b>", "<p><b>x</b><b>x</b></p>", count=2)
    case.assertInHTML("<b>x</b>", "<p><b>x</b></p>")
    case.assertNotInHTML("<i>x</i>", "<p></p>")
    case.assertJSONEqual('{"a": 1}', '{"a":1}')
    case.assertJSONNotEqual('{"a": 1}', {"a": 2})


@pytest.mark.parametrize(
    ("assertion", "message"),
    [
        (lambda case: case.assertHTMLEqual("</p>", ""), "First argument is not valid HTML"),
        (lambda case: case.assertInHTML("<b>", "<p>"), "Couldn't find '<b>'"),
        (lambda case: case.assertInHTML("<b>", "<p>", count=1, msg_prefix="x"), "x: Found 0 instances"),
        (lambda case: case.assertJSONEqual("{", {}), "First argument is not valid JSON"),
        (lambda case: case.assertJSONEqual("{}", "{"), "Second argument is not valid JSON"),
    ],
)
def test_documents_that_differ_or_are_none_fail(case, assertion, message):
    with pytest.raises(AssertionError, match=message):
        assertion(case)


def test_urls_are_equal_whatever_the_order_of_their_fields(case):
    case.assertURLEqual("/x/?a=1&b=2&a=0", "/x/?b=2&a=1&a=0")
    with pytest.raises(AssertionError, match="why: Expected '/x/'"):
        case.assertURLEqual("/x/", "/y/", msg_prefix="why")
    with pytest.raises(AssertionError):
        case.assertURLEqual("/x/?a=1&a=2", "/x/?a=2&a=1")


def test_project_needs_no_runner(tmp_path):
    (tmp_path / "news").mkdir()
    (tmp_path / "site_settings.py").write_text(
        "SECRET_KEY = 'x'\nROOT_URLCONF = 'news.urls'\nINSTALLED_APPS = ['news']\nMIDDLEWARE = []\n"
    )
    (tmp_path / "news" / "__init__.py").write_text("")
    (tmp_path / "news" / "urls.py").write_text("urlpatterns = []\n")
    (tmp_path / "news" / "tests.py").write_text(
        "from penstock.web.apps import apps\nfrom penstock.web.test import SimpleTestCase\n\n\n"
        "class NewsTest(SimpleTestCase):\n    def test_news(self):\n"
        "        self.assertEqual([each.name for each in apps.get_app_configs()], ['news'])\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "site_settings"}
    environment.pop("PENSTOCK_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "unittest"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "Ran 1 test" in done.stderr
    assert done.returncode == 0, done.stderr
