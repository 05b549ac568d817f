import sys

import pytest

from penstock.web.http import UnreadablePostError
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.debug import HIDE_ALL, sensitive_variables
from penstock.web.views.hidden import (
    STARS,
    CallableSettingWrapper,
    SafeExceptionReporterFilter,
    get_exception_reporter_filter,
)

FILTER = SafeExceptionReporterFilter()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SECRET_KEY", "x", STARS),
        ("api_token", "x", STARS),
        ("HTTP_COOKIE", "x", STARS),
        ("NAME", "x", "x"),
        (
            "DATABASES",
            {"default": {"PASSWORD": "x", "NAME": "y"}},
            {"default": {"PASSWORD": STARS, "NAME": "y"}},
        ),
        ("LIST", [{"KEY": "x"}], [{"KEY": STARS}]),
        ("TUPLE", ({"KEY": "x"},), ({"KEY": STARS},)),
        (5, "x", "x"),
    ],
)
def test_value_is_hidden_by_its_name_at_any_depth(name, value, shown):
    assert FILTER.cleanse_setting(name, value) == shown


def test_value_that_may_be_called_is_not_called_by_a_page():
    wrapped = FILTER.cleanse_setting("VIEW", print)
    assert isinstance(wrapped, CallableSettingWrapper)
    assert repr(wrapped) == repr(print)
    assert not callable(wrapped)


def test_settings_cookies_and_meta_are_cleansed():
    request = RequestFactory().get("/", headers={"cookie": "sessionid=s; theme=dark; csrftoken=c"})
    assert FILTER.get_safe_settings()["SECRET_KEY"] == STARS
    assert FILTER.get_safe_cookies(request) == {"sessionid": STARS, "theme": "dark", "csrftoken": STARS}
    assert FILTER.get_safe_request_meta(request)["HTTP_COOKIE"] == STARS
    assert FILTER.get_safe_request_meta(None) == {}


@pytest.mark.parametrize(
    ("marked", "debug", "shown"),
    [
        (("card",), False, {"card": STARS, "name": "n"}),
        (HIDE_ALL, False, {"card": STARS, "name": STARS}),
        (("card",), True, {"card": "1234", "name": "n"}),
    ],
)
def test_marked_fields_are_hidden_unless_debug(override, marked, debug, shown):
    override(DEBUG=debug)
    request = RequestFactory().post("/", {"card": "1234", "name": "n"})
    request.sensitive_post_parameters = marked
    assert FILTER.get_post_parameters(request).dict() == shown
    assert request.POST["card"] == "1234"


def test_body_that_cannot_be_read_is_left_out():
    class Broken:
        @property
        def POST(self):  # noqa: N802 - as of a request
            raise UnreadablePostError("gone")

    assert FILTER.get_post_parameters(Broken()) == {}
    assert FILTER.get_post_parameters(None) == {}


def helper(password):
    return sys._getframe()


@sensitive_variables("password")
def careful(password):
    return sys._getframe(), helper(password)


@sensitive_variables()
def silent(name):
    return sys._getframe()


def shown(frame):
    return dict(FILTER.get_traceback_frame_variables(None, frame))


def test_marked_variables_are_hidden_in_the_function(override):
    override(DEBUG=False)
    own, _ = careful("hunter2")
    assert shown(own) == {"password": STARS}
    assert shown(silent("x")) == {"name": STARS}
    assert shown(helper("open")) == {"password": "open"}


def test_marked_variables_are_hidden_in_what_the_function_calls_while_it_runs(override):
    override(DEBUG=False)
    seen = []

    @sensitive_variables("password")
    def outer(password):
        def inner(password):
            seen.append(shown(sys._getframe()))

        inner(password)

    outer("hunter2")
    assert seen[0]["password"] == STARS


def test_marked_variables_are_shown_to_the_developer(override):
    override(DEBUG=True)
    own, _ = careful("hunter2")
    assert shown(own) == {"password": "hunter2"}


def test_form_in_a_variable_is_cleansed_and_a_broken_lazy_value_is_told(override):
    override(DEBUG=False)

    class Broken:
        @property
        def __class__(self):
            raise LookupError("no")

    request = RequestFactory().post("/", {"card": "1"})
    request.sensitive_post_parameters = ("card",)
    assert FILTER.cleanse_special_types(request, request.POST).dict() == {"card": STARS}
    assert "LookupError('no') while evaluating" in FILTER.cleanse_special_types(request, Broken())


def test_request_may_bring_its_own_filter():
    request = RequestFactory().get("/")
    request.exception_reporter_filter = "mine"
    assert get_exception_reporter_filter(request) == "mine"
    assert isinstance(get_exception_reporter_filter(None), SafeExceptionReporterFilter)
