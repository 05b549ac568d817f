"""A report of an exception: for the browser, for a terminal, for a mail to the administrators.

In:     a request, if there is one, and an exception with its traceback.
Out:    HTML or text.
Never:  fails: what cannot be read is told in its place.
Rules:  Django's `ExceptionReporter`: the names that subclasses override; hidden.py for what is not shown.
"""

import datetime as dt
import functools
import itertools
import platform
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from penstock.web.conf import settings
from penstock.web.urls.match import view_path
from penstock.web.utils.html import escape
from penstock.web.utils.module_loading import import_string
from penstock.web.utils.version import get_version
from penstock.web.views import page
from penstock.web.views.frames import Line, Raised, raised_chain, value_text
from penstock.web.views.hidden import get_exception_reporter_filter

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest


_FIELDS: Final = {
    "GET": "request_GET_items",
    "POST": "filtered_POST_items",
    "FILES": "request_FILES_items",
    "COOKIES": "request_COOKIES_items",
}


class ExceptionReporter:
    """One exception; DEFAULT_EXCEPTION_REPORTER may name a subclass.

    Args:
        request: the request during which it was raised, if any.
        exc_type: its class.
        exc_value: itself; a text is reported as it is.
        tb: its traceback.
        is_email: the report leaves the house: the frames' variables stay.
    """

    def __init__(
        self,
        request: "HttpRequest | None",
        exc_type: type[BaseException] | None,
        exc_value: BaseException | str | None,
        tb: TracebackType | None,
        is_email: bool = False,
    ) -> None:
        self.request = request
        self.filter = get_exception_reporter_filter(request)
        self.is_email = is_email
        self.exc_type, self.exc_value, self.tb = exc_type, exc_value, tb
        self.postmortem: list[str] | None = None

    @functools.cached_property
    def chain(self) -> tuple[Raised, ...]:
        """The exception and its causes, the first cause first."""
        if not isinstance(self.exc_value, BaseException):
            return ()
        variables = functools.partial(self.filter.get_traceback_frame_variables, self.request)
        return raised_chain(self.exc_value, self.tb, variables)

    def get_traceback_frames(self) -> list[dict[str, Any]]:
        """Return all frames as dicts, outermost first, for subclasses that show them otherwise."""
        return [
            {
                "exc_cause": raised.error.__cause__,
                "filename": frame.filename,
                "function": frame.function,
                "lineno": frame.lineno,
                "vars": list(frame.variables),
                "type": "user" if frame.is_own else "library",
                "context_line": frame.source,
            }
            for raised in self.chain
            for frame in raised.frames
        ]

    def get_traceback_data(self) -> dict[str, Any]:
        """Return what a report tells; a subclass may add to it or take away."""
        request = self.request
        return {
            "is_email": self.is_email,
            "exception_type": self.exc_type.__name__ if self.exc_type else "Report",
            "exception_value": _message(self.exc_value),
            "exception_notes": "\n".join(getattr(self.exc_value, "__notes__", ())),
            "frames": self.get_traceback_frames(),
            "request": request,
            "request_insecure_uri": self._get_raw_insecure_uri(),
            "request_GET_items": _query(request),
            "request_FILES_items": self._files(),
            "request_COOKIES_items": list(self.filter.get_safe_cookies(request).items()),
            "filtered_POST_items": list(self.filter.get_post_parameters(request).items()),
            "request_meta": self.filter.get_safe_request_meta(request),
            "user_str": _user(request),
            "settings": self.filter.get_safe_settings(),
            "sys_executable": sys.executable,
            "sys_version_info": platform.python_version(),
            "server_time": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            "django_version_info": get_version(),
            "sys_path": sys.path,
            "template_info": getattr(self.exc_value, "template_debug", None),
            "template_tried": _tried_templates(self.exc_value),
            "postmortem": self.postmortem,
        }

    def _get_raw_insecure_uri(self) -> str:
        """Return the URL without a check of its host: the refusal of a host is reported, too."""
        request = self.request
        if request is None:
            return ""
        host = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
        return f"{request.scheme}://{host}{request.get_full_path()}"

    def _files(self) -> list[tuple[str, Any]]:
        # Reading the files of a form that could not be read would fail again; it was read if it is there.
        files = getattr(self.request, "_files", None)
        return list(files.items()) if files else []

    # -- as HTML ----------------------------------------

    def get_traceback_html(self) -> str:
        """Return the report as a page."""
        told = self.get_traceback_data()
        place = self._place()
        head = page.header(
            _kicker(self.request, told),
            told["exception_type"],
            "\n".join(filter(None, (told["exception_value"], told["exception_notes"]))),
            place,
            {"traceback": "Traceback", "request": "Request", "settings": "Settings", "plain": "Plain text"},
        )
        parts = [
            head,
            "<main>",
            _template_part(told),
            '<h2 id="traceback">Traceback</h2>',
            page.exceptions(self.chain),
            _request_part(told),
            _environment_part(told, is_mail=self.is_email),
            '<h2 id="plain">Plain text</h2>',
            f'<section class="card"><pre class="plain">{escape(self.get_traceback_text())}</pre></section>',
            "</main>",
            _footer(),
        ]
        title = f"{told['exception_type']} at {getattr(self.request, 'path_info', '')}"
        return page.shell(title, "\n".join(parts))

    def _place(self) -> str:
        """Return where it was raised."""
        frames = self.chain[-1].frames if self.chain else ()
        match = getattr(self.request, "resolver_match", None)
        during = f", during {view_path(match.func)}" if match else ""
        return (
            f"in {frames[-1].function}, {frames[-1].filename}, line {frames[-1].lineno}{during}"
            if frames
            else ""
        )

    # -- as text ----------------------------------------

    def get_traceback_text(self) -> str:
        """Return the report as text, without variables."""
        told = self.get_traceback_data()
        lines = [f"{told['exception_type']}{_at(self.request)}", told["exception_value"]]
        lines += [told["exception_notes"]] if told["exception_notes"] else []
        if self.request is not None:
            lines += ["", f"Request Method: {self.request.method}"]
            lines += [f"Request URL: {told['request_insecure_uri']}"]
        lines += ["", f"Python Version: {told['sys_version_info']}", ""]
        lines += [*self._traceback_lines(), ""]
        lines += [f"Exception Type: {told['exception_type']}{_at(self.request)}"]
        lines += [f"Exception Value: {told['exception_value']}"]
        lines += [_request_text(told)] if self.request is not None else ["", "Request data not supplied"]
        if self.is_email:
            lines += ["", "Settings:", *_text_rows(told["settings"].items())]
        return "\n".join(str(text) for text in lines) + "\n"

    def _traceback_lines(self) -> Iterator[str]:
        """Yield the tracebacks as Python prints them."""
        if self.chain:
            yield "Traceback (most recent call last):"
        for raised in self.chain:
            if raised.link:
                yield f"\n{raised.link}:\n"
            for frame in raised.frames:
                yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.function}'
                yield f"    {frame.source}"
            yield f"{type(raised.error).__name__}: {_message(raised.error)}"


def _message(error: BaseException | str | None) -> str:
    """Return what an exception says."""
    if error is None:
        return "No exception message supplied"
    try:
        return str(error) or "No exception message supplied"
    except Exception as failure:  # noqa: BLE001 - the exception's own text may be what is broken
        return f"{type(error).__name__} whose message cannot be shown: {type(failure).__name__}"


def _query(request: "HttpRequest | None") -> list[tuple[str, Any]]:
    """Return the query's names and values; that it has too many may be what is reported."""
    if request is None:
        return []
    try:
        return list(request.GET.items())
    except Exception as error:  # noqa: BLE001 - a limit, a charset: whatever it is, the report goes on
        return [("the query cannot be read", f"{type(error).__name__}: {error}")]


def _user(request: "HttpRequest | None") -> str | None:
    user = getattr(request, "user", None)
    if user is None:
        return None
    try:
        return str(user)
    except Exception as error:  # noqa: BLE001 - finding the user may be what is broken
        return f"[unable to retrieve the current user: {type(error).__name__}]"


def _at(request: "HttpRequest | None") -> str:
    return f" at {request.path_info}" if request is not None else ""


def _kicker(request: "HttpRequest | None", told: dict[str, Any]) -> str:
    return (
        f"{request.method} {told['request_insecure_uri']}" if request is not None else "outside of a request"
    )


def _tried_templates(error: BaseException | str | None) -> list[tuple[str, str]]:
    """Return where a template was looked for that is not there."""
    refusals = [error, *getattr(error, "chain", ())]
    tried = itertools.chain.from_iterable(getattr(refusal, "tried", ()) for refusal in refusals)
    return [(str(origin), why) for origin, why in tried]


def _template_part(told: dict[str, Any]) -> str:
    """Return where a template is wrong, or where one was looked for."""
    if told["template_tried"]:
        return page.card("The template was looked for in", told["template_tried"])
    info = told["template_info"]
    if not info:
        return ""
    lines = [Line(number, text, number == info["line"]) for number, text in info["source_lines"]]
    source = "".join(map(page.line, lines))
    place = f"{info['message']}, {info['name']}, line {info['line']}"
    return (
        f"<h2>Template</h2>\n<p>{escape(place)}</p>\n"
        f'<section class="card"><div class="source">{source}</div></section>'
    )


def _request_part(told: dict[str, Any]) -> str:
    if told["request"] is None:
        return '<h2 id="request">Request</h2>\n<p>Request data not supplied</p>'
    parts = ['<h2 id="request">Request</h2>']
    if told["user_str"] is not None:
        parts.append(page.card("User", [("user", told["user_str"])]))
    parts += [
        page.card("GET", told["request_GET_items"], "no query"),
        page.card("POST", told["filtered_POST_items"], "no form"),
        page.card("FILES", told["request_FILES_items"], "no files"),
        page.card("Cookies", told["request_COOKIES_items"], "no cookies"),
        page.card("META", sorted(told["request_meta"].items())),
    ]
    return "\n".join(parts)


def _environment_part(told: dict[str, Any], *, is_mail: bool) -> str:
    module = getattr(settings, "SETTINGS_MODULE", None)
    process = [
        ("Python", told["sys_version_info"]),
        ("Executable", told["sys_executable"]),
        ("Server time", told["server_time"]),
        ("Python path", told["sys_path"]),
    ]
    heading = '<h2 id="settings">Settings and process</h2>'
    if is_mail:
        return heading + page.card("Process", process)
    return (
        heading + page.card("Process", process) + page.card(f"Settings: {module}", told["settings"].items())
    )


def _footer() -> str:
    return "<footer>You see this page because DEBUG is on. With DEBUG off, visitors see a short one.</footer>"


def _request_text(told: dict[str, Any]) -> str:
    parts = ["", "Request information:"]
    parts += [f"USER: {told['user_str']}"] if told["user_str"] is not None else []
    for heading, key in _FIELDS.items():
        rows = _text_rows(told[key])
        parts += ["", f"{heading}:" if rows else f"No {heading} data", *rows]
    return "\n".join([*parts, "", "META:", *_text_rows(sorted(told["request_meta"].items()))])


def _text_rows(rows: Any) -> list[str]:
    return [f"{name} = {value_text(value)}" for name, value in rows]


@functools.lru_cache(maxsize=4)
def _reporter_class(path: str) -> type[ExceptionReporter]:
    found: type[ExceptionReporter] = import_string(path)
    return found


def get_exception_reporter_class(request: "HttpRequest | None") -> type[ExceptionReporter]:
    """Return the class that a request brings, or the one that DEFAULT_EXCEPTION_REPORTER names."""
    default = _reporter_class(settings.DEFAULT_EXCEPTION_REPORTER)
    return getattr(request, "exception_reporter_class", default)
