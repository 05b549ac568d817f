"""The pages that a developer sees under DEBUG: an exception, and what a 404 was compared with.

    hidden.py   what is not shown           frames.py   the chain of exceptions
    report.py   what is told                page.py     how it looks

In:     a request, an exception.
Out:    a page for a browser, text for anything else.
Never:  comes without DEBUG.
Rules:  Django's names; text for clients that do not accept HTML.
"""

import functools
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from penstock.web.conf import settings
from penstock.web.http import HttpResponse, HttpResponseNotFound
from penstock.web.urls import Resolver404, resolve
from penstock.web.urls.match import view_path
from penstock.web.utils.html import escape
from penstock.web.views import page
from penstock.web.views.frames import ExceptionCycleWarning
from penstock.web.views.hidden import (
    CallableSettingWrapper,
    SafeExceptionReporterFilter,
    get_default_exception_reporter_filter,
    get_exception_reporter_filter,
)
from penstock.web.views.report import ExceptionReporter, get_exception_reporter_class

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest

__all__ = (
    "CallableSettingWrapper",
    "ExceptionCycleWarning",
    "ExceptionReporter",
    "SafeExceptionReporterFilter",
    "get_default_exception_reporter_filter",
    "get_exception_reporter_class",
    "get_exception_reporter_filter",
    "technical_404_response",
    "technical_500_response",
)


def technical_500_response(
    request: "HttpRequest",
    exc_type: type[BaseException] | None,
    exc_value: BaseException | None,
    tb: TracebackType | None,
    status_code: int = 500,
) -> HttpResponse:
    """Answer with the report of an exception."""
    reporter = get_exception_reporter_class(request)(request, exc_type, exc_value, tb)
    if request.accepts("text/html"):
        return HttpResponse(reporter.get_traceback_html(), status=status_code)
    text = reporter.get_traceback_text()
    return HttpResponse(text, status=status_code, content_type="text/plain; charset=utf-8")


def technical_404_response(request: "HttpRequest", exception: Exception) -> HttpResponse:
    """Answer with what was compared with the path, or with who raised `Http404`."""
    head = functools.partial(
        page.header, f"{request.method} {request.get_full_path()}", "Page not found (404)"
    )
    urlconf = _name_of(getattr(request, "urlconf", None) or settings.ROOT_URLCONF)
    details = exception.args[0] if exception.args else None
    if isinstance(exception, Resolver404) and isinstance(details, Mapping):
        top = head("No route answers to this path.")
        part = _tried_part(urlconf, details["path"], details.get("tried") or [])
    else:
        top, part = head(str(exception)), _raised_part(request, urlconf)
    body = f"{top}\n<main>\n{part}\n</main>\n<footer>You see this page because DEBUG is on.</footer>"
    return HttpResponseNotFound(page.shell(f"Page not found at {request.path_info}", body))


def _name_of(urlconf: Any) -> str:
    return str(getattr(urlconf, "__name__", urlconf))


def _tried_part(urlconf: str, path: str, tried: list[Any]) -> str:
    """Return the routes in the order in which they were tried."""
    if not tried:
        return f"<h2>Routes</h2>\n<p>The URLconf <code>{escape(urlconf)}</code> is empty.</p>"
    shown = "\n".join(f"<li><code>{_chain(chain)}</code></li>" for chain in tried)
    wanted = f"<code>{escape(path)}</code>" if path else "the empty path"
    return (
        f"<h2>Routes</h2>\n<p>Of the URLconf <code>{escape(urlconf)}</code>, these were compared, "
        f'in this order, with {wanted}:</p>\n<ol class="routes">\n{shown}\n</ol>'
    )


def _chain(chain: list[Any]) -> str:
    texts = " &rarr; ".join(escape(str(node.pattern)) for node in chain)
    name = getattr(chain[-1], "name", None)
    return f"{texts} <span class='place'>name={escape(repr(name))}</span>" if name else texts


def _raised_part(request: "HttpRequest", urlconf: str) -> str:
    """Return which view raised `Http404`."""
    try:
        match = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return ""
    rows = [("Raised by", view_path(match.func)), ("Route", match.route or ""), ("URLconf", urlconf)]
    return page.card("The view", rows)
