"""Decorators of methods, and decorators made of middleware."""

import asyncio
import functools

import pytest
from asgiref.sync import iscoroutinefunction

from penstock.web.utils.decorators import (
    async_only_middleware,
    decorator_from_middleware,
    decorator_from_middleware_with_args,
    method_decorator,
    sync_and_async_middleware,
    sync_only_middleware,
)
from penstock.web.utils.deprecation import MiddlewareMixin


def shout(function):
    @functools.wraps(function)
    def shouted(text):
        return function(text).upper()

    shouted.is_loud = True
    return shouted


def ask(function):
    @functools.wraps(function)
    def asked(text):
        return function(text) + "?"

    return asked


class Speaker:
    greeting = "hello"

    @method_decorator(shout)
    def say(self, text):
        """Say it."""
        return f"{self.greeting} {text}"

    @method_decorator([ask, shout])
    def both(self, text):
        return text

    @method_decorator(ask)
    async def later(self, text):
        return text


def test_decorator_of_functions_decorates_a_method_that_keeps_its_name_and_gets_its_marks():
    assert Speaker().say("you") == "HELLO YOU"
    assert (Speaker.say.__name__, Speaker.say.__doc__, Speaker.say.is_loud) == ("say", "Say it.", True)


def test_first_of_several_decorators_is_applied_last():
    assert Speaker().both("you") == "YOU?"


def test_asynchronous_method_stays_one():
    assert iscoroutinefunction(Speaker().later)


def test_method_of_a_class_is_decorated_by_name():
    @method_decorator(shout, name="say")
    class Quiet:
        def say(self, text):
            return text

    assert Quiet().say("x") == "X"


@pytest.mark.parametrize(
    ("decorator", "name", "error", "message"),
    [
        pytest.param(shout, "nothing", ValueError, "Got 'nothing' instead", id="no-such-method"),
        pytest.param(shout, "", ValueError, "Got '' instead", id="no-name"),
        pytest.param(shout, "greeting", TypeError, "Cannot decorate 'greeting'", id="not-callable"),
        pytest.param({shout}, "say", TypeError, "not subscriptable", id="decorators-without-order"),
    ],
)
def test_class_that_cannot_be_decorated_so_is_refused(decorator, name, error, message):
    with pytest.raises(error, match=message):
        method_decorator(decorator, name=name)(Speaker)


def test_decorator_says_what_it_was_made_of():
    assert method_decorator(shout).__name__ == "method_decorator(shout)"
    assert method_decorator([shout]).__name__ == "method_decorator(list)"


class Response:
    def __init__(self, log):
        self.log = log


class LazyResponse(Response):
    def __init__(self, log):
        super().__init__(log)
        self.callbacks = []

    def add_post_render_callback(self, callback):
        self.callbacks.append(callback)

    def render(self):
        for callback in self.callbacks:
            callback(self)
        return self


class Logging(MiddlewareMixin):
    """Notes its hooks in the request, which is a list; answers or rescues where `acts` says so."""

    def __init__(self, get_response, **acts):
        super().__init__(get_response)
        self.acts = acts

    def note(self, request, hook):
        request.append(hook)
        return self.acts.get(hook)

    def process_request(self, request):
        return self.note(request, "request")

    def process_view(self, request, view, args, kwargs):
        return self.note(request, "view")

    def process_exception(self, request, error):
        return self.note(request, "exception")

    def process_template_response(self, request, response):
        request.append("template")
        return response

    def process_response(self, request, response):
        request.append("response")
        return response


def call(view, request, *args):
    result = view(request, *args)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


@pytest.fixture(params=["sync", "async"])
def decorate(request):
    """Decorate a view, as it is or as a coroutine function, with `Logging`."""

    def decorate(view, /, **acts):
        if request.param == "async":

            @functools.wraps(view)
            async def on_side(*args):
                return view(*args)

        else:
            on_side = view
        decorated = decorator_from_middleware_with_args(Logging)(**acts)(on_side)
        assert iscoroutinefunction(decorated) is (request.param == "async")
        return decorated

    return decorate


def view(request, *args):
    request.append("called")
    return Response(request)


def failing_view(request):
    raise ValueError("of the view")


def test_hooks_run_around_one_view(decorate):
    request = []
    assert call(decorate(view), request, "argument").log is request
    assert request == ["request", "view", "called", "response"]


@pytest.mark.parametrize("hook", ["request", "view"])
def test_answer_of_a_hook_is_returned_without_the_view(decorate, hook):
    request = []
    assert call(decorate(view, **{hook: "early"}), request) == "early"
    assert request[-1] == hook


def test_false_answer_of_a_hook_is_an_answer(decorate):
    assert call(decorate(view, request=""), []) == ""


def test_exception_of_the_view_is_offered(decorate):
    assert call(decorate(failing_view, exception="rescued"), []) == "rescued"
    with pytest.raises(ValueError, match="of the view"):
        call(decorate(failing_view), [])


def test_response_that_is_yet_to_be_rendered_is_finished_when_it_has_been(decorate):
    request = []
    response = call(decorate(LazyResponse), request)
    assert request == ["request", "view", "template"]
    response.render()
    assert request[-1] == "response"


class Silent(MiddlewareMixin):
    pass


def test_middleware_without_hooks_changes_nothing():
    request = []
    assert call(decorator_from_middleware(Silent)(view), request).log == ["called"]
    with pytest.raises(ValueError, match="of the view"):
        call(decorator_from_middleware(Silent)(failing_view), [])
    assert decorator_from_middleware(Silent)(LazyResponse)([]).callbacks == []


@pytest.mark.parametrize(
    ("mark", "sides"),
    [
        pytest.param(sync_and_async_middleware, (True, True), id="both"),
        pytest.param(sync_only_middleware, (True, False), id="sync"),
        pytest.param(async_only_middleware, (False, True), id="async"),
    ],
)
def test_mark_says_which_sides_a_factory_is_for(mark, sides):
    @mark
    def factory(get_response):
        return get_response

    assert (factory.sync_capable, factory.async_capable) == sides
