"""Which methods a view answers, and requests with conditions.

In:     views; functions that tell a page's ETag and date without making the page.
Out:    405, 304, 412, or what the view answers, with ETag and Last-Modified.
Never:  runs the view to find out that it need not.
Rules:  Django's; RFC 9110 section 13.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from penstock.web.middleware.http import ConditionalGetMiddleware
from penstock.web.utils.cache import get_conditional_response
from penstock.web.utils.decorators import decorator_from_middleware
from penstock.web.utils.http import http_date, quote_etag
from penstock.web.views.decorators.around import around
from penstock.web.views.method import refuse_method

V = TypeVar("V", bound="Callable[..., Any]")

conditional_page = decorator_from_middleware(ConditionalGetMiddleware)


def require_http_methods(request_method_list: Iterable[str]) -> Callable[[V], V]:
    """Let a view answer these methods, in upper case, alone; others get 405, which is logged."""
    allowed = list(request_method_list)

    def refuse(request: Any, /, *_args: Any, **_kwargs: Any) -> Any:
        return None if request.method in allowed else refuse_method(request, allowed)

    return lambda view: around(view, before=refuse)


require_GET = require_http_methods(["GET"])  # noqa: N816 - Django's name
require_POST = require_http_methods(["POST"])  # noqa: N816 - Django's name
require_safe = require_http_methods(["GET", "HEAD"])


def condition(
    etag_func: Callable[..., str | None] | None = None,
    last_modified_func: Callable[..., dt.datetime | None] | None = None,
) -> Callable[[V], V]:
    """Answer a conditional request without the view where that is possible.

    Args:
        etag_func: takes what the view takes and returns its ETag, quoted or not; None: there is none.
        last_modified_func: the same for its date; a naive one is UTC.
    """

    def decorate(view: V) -> V:
        def answer_early(request: Any, /, *args: Any, **kwargs: Any) -> Any:
            validators = _validators(request, args, kwargs, etag_func, last_modified_func)
            request._validators = validators
            etag, seconds = validators
            response = get_conditional_response(request, etag=etag, last_modified=seconds)
            if response is not None:
                _label(request, response)
            return response

        return around(view, before=answer_early, after=_label)

    return decorate


def _validators(
    request: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    etag_func: Callable[..., str | None] | None,
    last_modified_func: Callable[..., dt.datetime | None] | None,
) -> tuple[str | None, int | None]:
    """Return the ETag, quoted, and the date, in seconds since 1970, of what a request asks for."""
    etag = etag_func(request, *args, **kwargs) if etag_func else None
    date = last_modified_func(request, *args, **kwargs) if last_modified_func else None
    if date is not None and date.tzinfo is None:
        date = date.replace(tzinfo=dt.UTC)
    return quote_etag(etag) if etag else None, None if date is None else int(date.timestamp())


def _label(request: Any, response: Any) -> None:
    """Put the validators on a response to GET or HEAD; what the view has set stays."""
    if request.method not in ("GET", "HEAD"):
        return
    etag, seconds = request._validators
    if seconds is not None and not response.has_header("Last-Modified"):
        response.headers["Last-Modified"] = http_date(seconds)
    if etag and not response.has_header("ETag"):
        response.headers["ETag"] = etag


def etag(etag_func: Callable[..., str | None]) -> Callable[[V], V]:
    """Do as `condition` with an ETag alone."""
    return condition(etag_func=etag_func)


def last_modified(last_modified_func: Callable[..., dt.datetime | None]) -> Callable[[V], V]:
    """Do as `condition` with a date alone."""
    return condition(last_modified_func=last_modified_func)
