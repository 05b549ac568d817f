"""The answer to a method that a view does not have.

In:     a request, the methods that are there.
Out:    405 with Allow; a line in the log.
Never:  asks the view.
Rules:  RFC 9110 section 15.5.6; Django's message, since people search their logs for it.
"""

from typing import TYPE_CHECKING, Final

from penstock.web.http import HttpResponseNotAllowed
from penstock.web.utils.log import log_response

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest

MESSAGE: Final = "Method Not Allowed (%s): %s"


def refuse_method(request: "HttpRequest", allowed: list[str]) -> HttpResponseNotAllowed:
    """Return 405 for a request, and log it."""
    response = HttpResponseNotAllowed(allowed)
    log_response(MESSAGE, request.method, request.path, request=request, response=response)
    return response
