"""All responses, under the name that Django gives their module.

In:     nothing.
Out:    the classes of the files beside this one.
Never:  holds code of its own.
"""

from penstock.web.http.content import HttpResponse
from penstock.web.http.file import FileResponse
from penstock.web.http.head import HttpResponseBase
from penstock.web.http.headers import BadHeaderError, ResponseHeaders
from penstock.web.http.jsonresponse import JsonResponse
from penstock.web.http.outcome import (
    Http404,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseGone,
    HttpResponseNotAllowed,
    HttpResponseNotFound,
    HttpResponseNotModified,
    HttpResponseServerError,
)
from penstock.web.http.redirect import (
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
    HttpResponseRedirectBase,
)
from penstock.web.http.status import STATUS_LINES
from penstock.web.http.streaming import StreamingHttpResponse

__all__ = [
    "STATUS_LINES",
    "BadHeaderError",
    "FileResponse",
    "Http404",
    "HttpResponse",
    "HttpResponseBadRequest",
    "HttpResponseBase",
    "HttpResponseForbidden",
    "HttpResponseGone",
    "HttpResponseNotAllowed",
    "HttpResponseNotFound",
    "HttpResponseNotModified",
    "HttpResponsePermanentRedirect",
    "HttpResponseRedirect",
    "HttpResponseRedirectBase",
    "HttpResponseServerError",
    "JsonResponse",
    "ResponseHeaders",
    "StreamingHttpResponse",
]
