import sys

import pytest

from penstock.web.http import HttpResponse
from penstock.web.template import TemplateDoesNotExist, TemplateSyntaxError
from penstock.web.test import Client, RequestFactory
from penstock.web.urls import path
from penstock.web.views.report import ExceptionReporter, get_exception_reporter_class


def failing(request):
    password = "hunter2"
    raise ValueError(f"no <b>{len(password)}</b>")


def report(request, error, **given):
    try:
        raise error
    except type(error):
        return ExceptionReporter(request, *sys.exc_info(), **given)


def test_page_tells_what_where_and_with_which_values():
    page = report(RequestFactory().get("/a/?q=1"), ValueError("no <b>")).get_traceback_html()
    assert "<title>ValueError at /a/</title>" in page
    assert "no &lt;b&gt;" in page
    assert "<b>no" not in page
    assert "raise error" in page
    assert "http://testserver/a/?q=1" in page
    assert "<td>q</td><td>&#x27;1&#x27;</td>" in page


def test_page_is_whole_by_itself():
    page = report(RequestFactory().get("/"), ValueError()).get_traceback_html()
    assert not [word for word in ("<script", "<link", "src=", "@import", "url(") if word in page]


def test_secrets_are_on_no_report(override):
    override(SECRET_KEY="open sesame", DEBUG=True)
    request = RequestFactory().get(
        "/", headers={"cookie": "sessionid=stolen", "authorization": "Bearer stolen"}
    )
    reporter = report(request, ValueError())
    for text in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "open sesame" not in text
        assert "stolen" not in text


def test_text_has_the_traceback_as_python_writes_it():
    text = report(RequestFactory().get("/a/?q=1"), ValueError("why")).get_traceback_text()
    assert text.startswith(
        "ValueError at /a/\nwhy\n\nRequest Method: GET\nRequest URL: http://testserver/a/?q=1\n"
    )
    assert f'  File "{__file__}", line ' in text
    assert "    raise error\nValueError: why\n" in text
    assert "GET:\nq = '1'" in text
    assert "No POST data" in text


def test_report_without_a_request_says_so():
    reporter = report(None, ValueError("why"))
    assert "Request data not supplied" in reporter.get_traceback_text()
    assert "Request data not supplied" in reporter.get_traceback_html()


@pytest.mark.parametrize("value", [None, "only a message"])
def test_report_without_an_exception_is_a_message(value):
    reporter = ExceptionReporter(RequestFactory().get("/"), None, value, None)
    assert (value or "No exception message supplied") in reporter.get_traceback_text()
    assert "There is no traceback" in reporter.get_traceback_html()


def test_notes_of_an_exception_are_told():
    error = ValueError("why")
    error.add_note("because <i>")
    reporter = report(None, error)
    assert "because <i>" in reporter.get_traceback_text()
    assert "because &lt;i&gt;" in reporter.get_traceback_html()


class MuteError(ValueError):
    def __str__(self):
        raise RuntimeError


def test_exception_whose_message_fails_is_still_reported():
    assert (
        "MuteError whose message cannot be shown: RuntimeError"
        in report(None, MuteError()).get_traceback_text()
    )


def test_user_that_cannot_be_found_is_no_trouble():
    class User:
        def __str__(self):
            raise LookupError

    request = RequestFactory().get("/")
    request.user = User()
    assert (
        "[unable to retrieve the current user: LookupError]"
        in report(request, ValueError()).get_traceback_html()
    )
    request.user = "ada"
    assert "USER: ada" in report(request, ValueError()).get_traceback_text()


def test_host_that_is_refused_is_reported(override):
    override(ALLOWED_HOSTS=["other"])
    request = RequestFactory().get("/", headers={"host": "evil.example"})
    assert "http://evil.example/" in report(request, ValueError()).get_traceback_html()


def test_templates_that_were_looked_for_are_listed():
    inner = TemplateDoesNotExist("a.html", tried=[("/there/a.html", "Source does not exist")])
    page = report(None, TemplateDoesNotExist("a.html", chain=[inner])).get_traceback_html()
    assert "/there/a.html" in page


def test_template_that_is_wrong_is_shown():
    error = TemplateSyntaxError("what")
    error.template_debug = {
        "name": "a.html",
        "message": "what",
        "line": 2,
        "source_lines": [(1, "one"), (2, "<two>")],
    }
    page = report(None, error).get_traceback_html()
    assert "what, a.html, line 2" in page
    assert '<span class="now"><i>2</i>&lt;two&gt;' in page


def test_mail_has_the_settings_and_no_variables_page(override):
    text = report(None, ValueError(), is_email=True).get_traceback_text()
    assert "Settings:" in text
    assert "ALLOWED_HOSTS = " in text


def test_request_may_bring_its_own_reporter(override):
    request = RequestFactory().get("/")
    assert get_exception_reporter_class(request) is ExceptionReporter
    request.exception_reporter_class = "mine"
    assert get_exception_reporter_class(request) == "mine"


def test_frames_are_there_for_subclasses():
    (frame,) = report(None, ValueError()).get_traceback_frames()
    assert (frame["function"], frame["context_line"], frame["type"]) == ("report", "raise error", "user")


def test_view_that_failed_is_named(urlconf, override):
    urlconf(path("a/", failing))
    override(DEBUG=True, MIDDLEWARE=[])
    client = Client(raise_request_exception=False)
    page = client.get("/a/", headers={"accept": "text/html"})
    assert f"during {__name__}.failing" in page.text
    text = client.get("/a/", headers={"accept": "application/json"})
    assert (text.status_code, text["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert isinstance(page, HttpResponse)


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_query_of_too_many_fields_is_reported_and_not_read_again(urlconf, override, accept):
    urlconf(path("a/", lambda request: HttpResponse(len(request.GET))))
    override(DEBUG=True, MIDDLEWARE=[], DATA_UPLOAD_MAX_NUMBER_FIELDS=2)
    response = Client().get("/a/?a=1&b=2&c=3", headers={"accept": accept})
    assert response.status_code == 400
    assert "the query cannot be read" in response.text
