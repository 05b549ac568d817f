"""Compression of bodies for clients that take gzip.

In:     responses of 200 bytes and more, and streams.
Out:    the same, compressed; Vary: Accept-Encoding in either case.
Never:  compresses twice, or keeps a result that is longer.

Rules:  RFC 9110 section 8.4 and 8.8.3 (a compressed body is another representation: its ETag becomes weak);
        BREACH (2013) guesses secrets from the length of what was compressed: a file name of random length in
        the gzip header makes that harder (RFC 1952 section 2.3).
"""

import re
from typing import Any, Final

from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.utils.cache import patch_vary_headers
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.text import acompress_sequence, compress_sequence, compress_string

MIN_BODY_BYTES: Final = 200  # a shorter body does not shrink: the gzip frame alone is 18 bytes

re_accepts_gzip: Final = re.compile(r"\bgzip\b")


class GZipMiddleware(MiddlewareMixin):
    """Compresses responses; `max_random_bytes` is the length of the longest random file name."""

    max_random_bytes = 100

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the body if the client takes it and something is gained."""
        body: Any = response
        if not response.streaming and len(body.content) < MIN_BODY_BYTES:
            return response
        if "content-encoding" in response._store:
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if not re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            return response
        if response.streaming:
            self._compress_stream(body)
        elif not self._compress_content(body):
            return response
        etag = response.get("ETag")
        if etag and etag.startswith('"'):
            response["ETag"] = f"W/{etag}"
        response["Content-Encoding"] = "gzip"
        return response

    def _compress_stream(self, response: Any) -> None:
        compress = acompress_sequence if response.is_async else compress_sequence
        response.streaming_content = compress(
            response.streaming_content, max_random_bytes=self.max_random_bytes
        )
        del response["Content-Length"]

    def _compress_content(self, response: Any) -> bool:
        """Replace the content, unless that would make it longer."""
        compressed = compress_string(response.content, max_random_bytes=self.max_random_bytes)
        if len(compressed) >= len(response.content):
            return False
        response.content = compressed
        response["Content-Length"] = str(len(compressed))
        return True
