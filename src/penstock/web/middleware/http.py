"""Conditional GET: a client that has the page already gets 304 instead of it.

In:     responses to GET; If-None-Match and If-Modified-Since.
Out:    an ETag, and 304 where it fits.
Never:  makes an ETag of what streams, is empty, or may not be stored.

Rules:  RFC 9110 section 13; Django's ConditionalGetMiddleware.
"""

from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.utils.cache import cc_delim_re, get_conditional_response, set_response_etag
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.http import parse_http_date_safe


class ConditionalGetMiddleware(MiddlewareMixin):
    """Sets ETag on responses to GET and answers 304 to clients whose copy is still good."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response, or the 304 in its place."""
        # Of unsafe methods the view has already done what they ask: too late to say that it did not.
        if request.method != "GET":
            return response
        if self.needs_etag(response) and "etag" not in response._store:
            set_response_etag(response)
        etag, modified = response.get("ETag"), response.get("Last-Modified")
        if not etag and not modified:
            return response
        last_modified = parse_http_date_safe(modified) if modified else None
        answer: HttpResponseBase = get_conditional_response(
            request, etag=etag, last_modified=last_modified, response=response
        )
        return answer

    def needs_etag(self, response: HttpResponseBase) -> bool:
        """Whether the response may be stored by the client."""
        directives = cc_delim_re.split(response.get("Cache-Control") or "")
        return all(directive.lower() != "no-store" for directive in directives)
