"""A site that notes all that happens to it, written once for two frameworks.

In:     $FRAMEWORK, the package that Django's names are looked up in; a plan for each scenario.
Out:    views, middleware, URLconfs; `events`, what was called, in order.
Never:  names a framework: it asks `framework("http")`.
"""

import importlib
import os
import sys
import types
from pathlib import Path
from typing import Any

from asgiref.sync import markcoroutinefunction
from tests.web.differential import parts

PACKAGE = os.environ["FRAMEWORK"]


def framework(name: str) -> Any:
    """A module of the framework."""
    return importlib.import_module(f"{PACKAGE}.{name}")


framework("core.handlers.wsgi")  # first, as in a project's wsgi.py: Django's own receivers come before ours
http = framework("http")
exceptions = framework("core.exceptions")
urls = framework("urls")
signals = framework("core.signals")
template_response = framework("template.response")

events: list[list[str]] = []
plan: dict[str, str] = {}


def note(*words: Any) -> None:
    """Write down that something happened."""
    events.append([str(word) for word in words])


# -- what can happen at a place ----------------------------------------------------------------


def _raising(error_class: type[BaseException]) -> Any:
    def action(place: str, request: Any) -> Any:
        raise error_class(place)

    return action


def _stream(place: str, request: Any) -> Any:
    def pieces():
        note(place, "streams", urls.get_script_prefix(), urls.get_urlconf())
        yield b"one "
        yield "two"
        note(place, "streamed")

    return http.StreamingHttpResponse(pieces())


def _template(place: str, request: Any) -> Any:
    response = template_response.TemplateResponse(request, "page.html", {"place": place})
    response.add_post_render_callback(lambda rendered: note(place, "rendered"))
    return response


def _closing(place: str, request: Any) -> Any:
    response = http.HttpResponse(place)
    for number in (1, 2):
        response._resource_closers.append(lambda number=number: note(place, "closer", number))
    return response


def _failing_closer(place: str, request: Any) -> Any:
    response = _closing(place, request)
    response._resource_closers.insert(1, lambda: 1 / 0)
    return response


async def _coroutine() -> Any:
    return http.HttpResponse("never awaited")


def _other_urlconf(place: str, request: Any) -> None:
    request.urlconf = "specimen_other_urls"


def _no_urlconf(place: str, request: Any) -> None:
    request.urlconf = None


ACTIONS: dict[str, Any] = {
    "none": lambda place, request: None,
    "respond": lambda place, request: http.HttpResponse(f"from {place}"),
    "respond-404": lambda place, request: http.HttpResponseNotFound(f"from {place}"),
    "respond-500": lambda place, request: http.HttpResponseServerError(f"from {place}"),
    "empty": lambda place, request: "",
    "text": lambda place, request: "not a response",
    "coroutine": lambda place, request: _coroutine(),
    "template": _template,
    "broken-template": lambda place, request: template_response.TemplateResponse(request, "broken.html", {}),
    "missing-template": lambda place, request: template_response.TemplateResponse(
        request, "nowhere.html", {}
    ),
    "stream": _stream,
    "closing": _closing,
    "failing-closer": _failing_closer,
    "other-urlconf": _other_urlconf,
    "no-urlconf": _no_urlconf,
    "ValueError": _raising(ValueError),
    "Http404": _raising(http.Http404),
    "PermissionDenied": _raising(exceptions.PermissionDenied),
    "BadRequest": _raising(exceptions.BadRequest),
    "SuspiciousOperation": _raising(exceptions.SuspiciousOperation),
    "DisallowedRedirect": _raising(exceptions.DisallowedRedirect),
    "RequestDataTooBig": _raising(exceptions.RequestDataTooBig),
    "TooManyFieldsSent": _raising(exceptions.TooManyFieldsSent),
    "TooManyFilesSent": _raising(exceptions.TooManyFilesSent),
    "MultiPartParserError": _raising(framework("http.multipartparser").MultiPartParserError),
    "UnreadablePostError": _raising(http.UnreadablePostError),
    "SystemExit": _raising(SystemExit),
    "KeyboardInterrupt": _raising(KeyboardInterrupt),
    "Unencodable": lambda place, request: http.HttpResponse(headers={"X-Bad": "a\nb"}),
}


def act(place: str, request: Any) -> Any:
    """Do what the plan says for a place; None where it says nothing."""
    action = plan.get(place)
    return ACTIONS[action](place, request) if action else None


# -- middleware ------------------------------------------------------------------------------------


class Recorder:
    """Notes each call; does what the plan says."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    @property
    def name(self) -> str:
        return type(self).__name__

    def __call__(self, request: Any) -> Any:
        note(self.name, "request")
        response = act(f"{self.name}.request", request) or self.get_response(request)
        note(self.name, "response", getattr(response, "status_code", repr(response)), urls.get_urlconf())
        return act(f"{self.name}.response", request) or response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        note(self.name, "process_view", view.__name__, args, kwargs)
        return act(f"{self.name}.process_view", request)

    def process_template_response(self, request: Any, response: Any) -> Any:
        note(self.name, "process_template_response", response.template_name)
        if f"{self.name}.process_template_response" in plan:
            return act(f"{self.name}.process_template_response", request)
        return response

    def process_exception(self, request: Any, exception: Exception) -> Any:
        note(self.name, "process_exception", type(exception).__name__)
        return act(f"{self.name}.process_exception", request)


class Alpha(Recorder):
    """The outermost."""


class Beta(Recorder):
    """The one between."""


class Gamma(Recorder):
    """The innermost."""


class Hooks(framework("utils.deprecation").MiddlewareMixin):
    """The two hooks of MiddlewareMixin."""

    def process_request(self, request: Any) -> Any:
        note("Hooks", "process_request")
        return act("Hooks.process_request", request)

    def process_response(self, request: Any, response: Any) -> Any:
        note("Hooks", "process_response", response.status_code)
        return act("Hooks.process_response", request) or response


class MoreHooks(Hooks):
    """The same again, under another place."""

    def process_request(self, request: Any) -> Any:
        note("MoreHooks", "process_request")
        return act("MoreHooks.process_request", request)

    def process_response(self, request: Any, response: Any) -> Any:
        note("MoreHooks", "process_response", response.status_code)
        return act("MoreHooks.process_response", request) or response


class AsyncOnly:
    """A middleware that is a coroutine only."""

    sync_capable = False
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> Any:
        note("AsyncOnly", "request")
        response = await self.get_response(request)
        note("AsyncOnly", "response", response.status_code)
        return response


def function_middleware(get_response: Any) -> Any:
    """A middleware that is a function, with a hook on what it returns."""

    def middleware(request: Any) -> Any:
        note("function", "request")
        response = get_response(request)
        note("function", "response", response.status_code)
        return response

    middleware.process_view = lambda request, view, args, kwargs: note("function", "process_view")
    return middleware


def unused_middleware(get_response: Any) -> Any:
    """A middleware that leaves itself out."""
    raise exceptions.MiddlewareNotUsed("not today")


def no_middleware(get_response: Any) -> Any:
    """A factory that returns nothing."""


class Incapable(Recorder):
    """Neither sync nor async."""

    sync_capable = False
    async_capable = False


# -- views -----------------------------------------------------------------------------------------


def view(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Do what the plan says."""
    note("view", args, kwargs)
    if "view" in plan:
        return act("view", request)
    return http.HttpResponse(f"plain {args} {kwargs}")


def echo(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Show parts of the request, in the order in which ?show= names them; what a part raises is shown, too.

    With ?let= what is raised is let through.
    """
    names = request.META["QUERY_STRING"].partition("show=")[2].partition("&")[0].split(",")
    return http.JsonResponse([_shown(request, name) for name in names], safe=False)


def _shown(request: Any, name: str) -> Any:
    try:
        return [name, parts.PARTS[name](request)]
    except Exception as error:
        if "let=" in request.META["QUERY_STRING"]:
            raise
        return [name, f"{type(error).__name__}"]


def count(request: Any) -> Any:
    """Count visits in the session."""
    visits = request.session.get("visits", 0) + 1
    request.session["visits"] = visits
    return http.HttpResponse(f"visit {visits}")


def peek(request: Any) -> Any:
    """Look at the session, and change nothing."""
    return http.HttpResponse(f"visits {request.session.get('visits')}")


def leave(request: Any) -> Any:
    """End the session."""
    request.session.flush()
    return http.HttpResponse("left")


def linger(request: Any) -> Any:
    """Let the session end with the browser, or in ?s= seconds."""
    request.session.set_expiry(int(request.GET.get("s", 0)))
    return http.HttpResponse("lingers")


def token(request: Any) -> Any:
    """Use the csrf token."""
    used = framework("middleware.csrf").get_token(request)
    return http.HttpResponse(f"{len(used)} {used.isalnum()}")


async def async_view(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Do what the plan says, as a coroutine."""
    note("async_view", args, kwargs, urls.get_urlconf())
    return act("view", request) or http.HttpResponse("awaited")


def async_stream(request: Any) -> Any:
    """Stream from an asynchronous source."""

    async def pieces():
        note("async stream", urls.get_urlconf())
        yield b"a"
        yield b"sync"

    return http.StreamingHttpResponse(pieces())


class AsyncClass(framework("views").View):
    """A class of coroutines."""

    async def get(self, request: Any) -> Any:
        note("AsyncClass.get")
        return act("view", request) or http.HttpResponse("awaited")


def own_error(request: Any, exception: BaseException | None = None) -> Any:
    """A site's own error page; it looks at POST, as pages with a form do."""
    note("own_error", type(exception).__name__, dict(request.POST), len(request.FILES))
    if "own_error" in plan:
        return act("own_error", request)
    return http.HttpResponse("own error page", status=418)


def addresses(request: Any) -> Any:
    """Reverse each name of ?show=, with arguments behind it."""
    return http.JsonResponse([_address(name) for name in request.GET["show"].split(" ")], safe=False)


def _address(words: str) -> Any:
    name, *arguments = words.split(",")
    args = [word for word in arguments if "=" not in word]
    kwargs = dict(word.split("=") for word in arguments if "=" in word)
    current = kwargs.pop("current", None)
    try:
        return urls.reverse(name, args=args, kwargs=kwargs, current_app=current)
    except Exception as error:  # noqa: BLE001  # what is raised is what is looked at
        return type(error).__name__


def answer(request: Any, name: str) -> Any:
    """One of the answers of answers.py."""
    return importlib.import_module("tests.web.differential.answers").ANSWERS[name](request)


# -- URLconfs --------------------------------------------------------------------------------------


class Even:
    """A converter for even numbers: raises for odd ones."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        if int(value) % 2:
            raise ValueError(value)
        return int(value)

    def to_url(self, value: Any) -> str:
        if int(value) % 2:
            raise ValueError(value)
        return str(value)


urls.register_converter(Even, "even")


def _module(name: str, patterns: list[Any], **attributes: Any) -> str:
    module = types.ModuleType(name)
    vars(module).update(attributes, urlpatterns=patterns)
    sys.modules[name] = module
    return name


def own_404(request: Any, exception: BaseException | None = None) -> Any:
    """The 404 page of one URLconf; renders a template by itself."""
    note("own_404", exception.args[0] if exception and isinstance(exception.args[0], str) else "resolver")
    return template_response.TemplateResponse(request, "page.html", {"place": "own_404"}, status=404)


def failing_500(request: Any) -> Any:
    """A 500 page that fails itself."""
    note("failing_500")
    raise RuntimeError("the error page fails")


_path, _re_path, _include = urls.path, urls.re_path, urls.include
_inner = [
    _path("", echo, name="index"),
    _path("x/", echo, name="x"),
    _path("<int:number>/", echo, {"extra": "child"}, name="number"),
]
_positional = [_re_path(r"^(\d)/$", echo, name="digit"), _re_path(r"^n(?P<n>\d)/$", echo, name="named")]
_pages = [
    _path("plain/", view, name="plain"),
    _path("echo/", echo, name="echo"),
    _path("answer/<str:name>/", answer, name="answer"),
    _path("session/count/", count),
    _path("session/peek/", peek),
    _path("session/leave/", leave),
    _path("session/linger/", linger),
    _path("token/", token),
    _path("addresses/", addresses),
    _path("exempt/", framework("views.decorators.csrf").csrf_exempt(token)),
    _path("framed/", framework("views.decorators.clickjacking").xframe_options_exempt(view)),
    _path("unslashed", view),
    _path("no-slash/", framework("views.decorators.common").no_append_slash(view)),
    _path("posting/", framework("views.decorators.http").require_POST(view)),
    _path("class/", framework("views").View.as_view()),
    _path("async/", async_view),
    _path("async/class/", AsyncClass.as_view()),
    _path("async/stream/", async_stream),
    _path("async/never/", framework("views.decorators.cache").never_cache(async_view)),
    _path("never/", framework("views.decorators.cache").never_cache(view)),
    _path("cached/", framework("views.decorators.cache").cache_page(60)(token)),
]
_routes = [
    _path("r/<int:a>/<str:b>/", echo, name="typed"),
    _path("r/<slug:s>/", echo, name="slug"),
    _path("r/<uuid:u>/", echo, name="uuid"),
    _path("r/<path:p>/end/", echo, name="path"),
    _path("even/<even:n>/", echo, name="even"),
    _path("even/<str:s>/", echo, name="odd"),
    _path("back/", _include([_path("only/", echo, name="only")])),
    _path("back/track/", echo, name="track"),
    _path("greedy/<path:p>/", _include([_path("x/", echo, name="greedy")])),
    _path("pre/<int:number>/", _include(_inner), {"extra": "prefix"}),
    _path("one/", _include((_inner, "app"), namespace="one"), kwargs={"which": 1}),
    _path("two/", _include((_inner, "app"), namespace="two"), kwargs={"which": 2}),
    _path("app/", _include((_inner, "app"))),
    _re_path(r"^re/(\d+)/(?:opt/)?$", echo, name="re"),
    _re_path(r"^re/(?P<word>[a-z]+)/(\d+)/$", echo, name="mixed"),
    _re_path(r"^optional/(?:(?P<maybe>\d+)/)?$", echo, name="optional"),
    _re_path(r"middle", echo, name="middle"),
    _re_path(r"^end$", echo, name="end"),
    _re_path(r"^(?P<d>\d)pos/", _include(_positional)),
    _re_path(r"^(\d)unn/", _include(_positional), {"d": 2}),
    _path("same/<int:a>/", echo, name="same"),
    _path("same/<str:b>/other/", echo, name="same"),
    _path("dup/", echo, name="dup"),
    _path("dup2/", echo, name="dup"),
    _path("white%20space/", echo, name="percent"),
    _path("ünïcode/<str:s>/", echo, name="unicode"),
    _path("", echo, name="root"),
]

MAIN_URLS = _module("specimen_urls", [*_pages, *_routes])
OTHER_URLS = _module("specimen_other_urls", [_path("plain/", view, {"urlconf": "other"})], handler404=own_404)
OWN_ERRORS = _module(
    "specimen_own_errors",
    [*_pages, *_routes],
    handler400=own_error,
    handler403=own_error,
    handler404=own_error,
    handler500=own_error,
)
FAILING_500 = _module(
    "specimen_failing_500", [*_pages, *_routes], handler404=failing_500, handler500=failing_500
)
TEMPLATE_404 = _module("specimen_template_404", [*_pages, *_routes], handler404=own_404)


# -- signals ---------------------------------------------------------------------------------------


def _receive(name: str) -> Any:
    def receiver(sender: Any, **named: Any) -> None:
        words = sorted(set(named) - {"signal"})
        note("signal", name, getattr(sender, "__name__", sender), words, urls.get_urlconf())

    return receiver


for _name in ("request_started", "request_finished", "got_request_exception"):
    getattr(signals, _name).connect(_receive(_name), weak=False)


SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "the same for both",
    "ALLOWED_HOSTS": ["example.org", ".example.com", "[::1]"],
    "ROOT_URLCONF": MAIN_URLS,
    "LOGGING_CONFIG": None,
    "USE_TZ": True,
    "TIME_ZONE": "UTC",
    "USE_I18N": False,
    "SESSION_ENGINE": f"{PACKAGE}.contrib.sessions.backends.signed_cookies",
    "TEMPLATES": [
        {
            "BACKEND": f"{PACKAGE}.template.backends.jinja2.Jinja2",
            "DIRS": [str(Path(__file__).parent / "templates")],
        }
    ],
}
