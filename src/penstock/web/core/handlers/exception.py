"""The response that an exception becomes.

In:     a request, and the exception that is being handled.
Out:    a response; a log record; for what nobody foresaw, the signal `got_request_exception`.
Never:  catches what is no Exception: SystemExit and KeyboardInterrupt pass.

Rules:  Django's order and pages, one row of the table for each kind; the log has one record per response.

    exception             DEBUG off     DEBUG on             record
    Http404               handler404    technical 404        none here: get_response warns of the final one
    PermissionDenied      handler403    handler403           warning
    MultiPartParserError  handler400    handler400           warning
    BadRequest            handler400    technical page, 400  warning
    SuspiciousOperation   handler400    technical page, 400  error, penstock.web.security.<Class>
    any other             handler500    technical 500        error, after the signal
"""

import functools
import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, cast

from penstock.web.conf import settings
from penstock.web.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from penstock.web.core.signals import got_request_exception
from penstock.web.http import Http404, HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.urls import get_resolver, get_urlconf
from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.utils.crossing import run_in_thread
from penstock.web.utils.log import log_response

Respond = Callable[[HttpRequest], Any]
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]

BODY_LIMITS: Final = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def response_for_exception(request: HttpRequest, exc: Exception) -> HttpResponseBase:
    """Return the response for `exc`; call it while `exc` is being handled.

    Raises:
        Exception: `exc` itself under DEBUG_PROPAGATE_EXCEPTIONS, if nobody foresaw it; or what the site's own
            handler500 raised.
    """
    answer = next(answer for kind, answer in _answers() if isinstance(exc, kind))
    response = answer(request, exc)
    if not getattr(response, "is_rendered", True) and callable(getattr(response, "render", None)):
        response = response.render()  # the layers around expect content
    return response  # type: ignore[no-any-return]  # error handlers are the site's


async def aresponse_for_exception(request: HttpRequest, exc: Exception) -> HttpResponseBase:
    """Do as `response_for_exception` does, in a thread of its own."""
    response: HttpResponseBase = await run_in_thread(response_for_exception, is_shared=False)(request, exc)
    return response


def convert_exception_to_response(get_response: Respond) -> Respond:
    """Return `get_response` with each Exception turned into a response."""
    if iscoroutinefunction(get_response):
        return functools.wraps(get_response)(await_and_convert(get_response))

    @functools.wraps(get_response)
    def convert(request: HttpRequest) -> Any:
        try:
            return get_response(request)
        except Exception as error:  # noqa: BLE001 - all of them, that is its task
            return response_for_exception(request, error)

    return convert


def await_and_convert(get_response: Respond) -> Respond:
    """Return a coroutine function like the one given, each Exception turned into a response."""

    async def respond(request: HttpRequest) -> Any:
        try:
            return await get_response(request)
        except Exception as error:  # noqa: BLE001 - all of them, that is its task
            return await aresponse_for_exception(request, error)

    return respond


def get_exception_response(
    request: HttpRequest, resolver: Any, status_code: int, exception: Exception
) -> Any:
    """Return what the handler of this status (400, 403, 404) makes of it; if that raises, the 500 page."""
    try:
        return resolver.resolve_error_handler(status_code)(request, exception=exception)
    except Exception:  # noqa: BLE001 - an error page may fail in any way
        got_request_exception.send(sender=None, request=request)
        return handle_uncaught_exception(request, resolver, _handled())


def handle_uncaught_exception(request: HttpRequest, resolver: Any, exc_info: ExceptionInfo) -> Any:
    """Return the technical page or what handler500 returns.

    Raises:
        BaseException: the one in `exc_info`, under DEBUG_PROPAGATE_EXCEPTIONS or without a URLconf.
    """
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:
        raise  # noqa: PLE0704 - the one that is being handled
    if settings.DEBUG:
        return _technical_page(request, exc_info, 500)
    if resolver.urlconf_module is None:
        raise exc_info[1]
    return resolver.resolve_error_handler(500)(request)


def _handled() -> ExceptionInfo:
    return cast("ExceptionInfo", sys.exc_info())  # only called while an exception is being handled


def _technical_page(request: HttpRequest, exc_info: ExceptionInfo, status: int) -> Any:
    from penstock.web.views.debug import technical_500_response

    return technical_500_response(request, *exc_info, status_code=status)


def _error_page(request: HttpRequest, error: Exception, status: int) -> Any:
    return get_exception_response(request, get_resolver(get_urlconf()), status, error)


def _not_found(request: HttpRequest, error: Exception) -> Any:
    if not settings.DEBUG:
        return _error_page(request, error, 404)
    from penstock.web.views.debug import technical_404_response

    return technical_404_response(request, error)


def _forbidden(request: HttpRequest, error: Exception) -> Any:
    response = _error_page(request, error, 403)
    _log("Forbidden (Permission denied): %s", request.path, request=request, response=response, error=error)
    return response


def _unparseable(request: HttpRequest, error: Exception) -> Any:
    response = _error_page(request, error, 400)
    _log(
        "Bad request (Unable to parse request body): %s",
        request.path,
        request=request,
        response=response,
        error=error,
    )
    return response


def _bad_request(request: HttpRequest, error: Exception) -> Any:
    response = _page_of_a_bad_request(request, error)
    _log("%s: %s", str(error), request.path, request=request, response=response, error=error)
    return response


def _suspicious(request: HttpRequest, error: Exception) -> Any:
    if isinstance(error, BODY_LIMITS):
        # The error page may look at POST: it must not run into the same limit.
        request._mark_post_parse_error()
    response = _page_of_a_bad_request(request, error)
    logger = logging.getLogger(f"penstock.web.security.{type(error).__name__}")
    log_response(
        str(error), response=response, request=request, logger=logger, level="error", exception=error
    )
    return response


def _page_of_a_bad_request(request: HttpRequest, error: Exception) -> Any:
    return _technical_page(request, _handled(), 400) if settings.DEBUG else _error_page(request, error, 400)


def _unforeseen(request: HttpRequest, error: Exception) -> Any:
    got_request_exception.send(sender=None, request=request)
    response = handle_uncaught_exception(request, get_resolver(get_urlconf()), _handled())
    _log("%s: %s", response.reason_phrase, request.path, request=request, response=response, error=error)
    return response


def _log(message: str, *args: object, request: HttpRequest, response: Any, error: Exception) -> None:
    log_response(message, *args, response=response, request=request, exception=error)


@functools.cache
def _answers() -> tuple[tuple[type[Exception], Callable[[HttpRequest, Exception], Any]], ...]:
    """Return the rows; the first that fits counts.  Made when needed: a parser of forms may never be."""
    from penstock.web.http.multipartparser import MultiPartParserError

    return (
        (Http404, _not_found),
        (PermissionDenied, _forbidden),
        (MultiPartParserError, _unparseable),
        (BadRequest, _bad_request),
        (SuspiciousOperation, _suspicious),
        (Exception, _unforeseen),
    )
