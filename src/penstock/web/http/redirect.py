"""Responses that send the client elsewhere.

In:     a URL, an IRI, or anything lazy that becomes one.
Out:    a response with Location.
Never:  decides where to go; sends anyone to a scheme that runs code.

Rules:  RFC 9110 section 15.4; Django's limits on length and scheme.
"""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from penstock.web.core.exceptions import DisallowedRedirect
from penstock.web.http.content import HttpResponse
from penstock.web.utils.encoding import iri_to_uri
from penstock.web.utils.http import MAX_URL_REDIRECT_LENGTH


class HttpResponseRedirectBase(HttpResponse):
    """A redirect.

    Args:
        redirect_to: where to; what is not ASCII is encoded.
        preserve_request: the client repeats method and body (307, 308).
        args: as of HttpResponse, content first.
        kwargs: as of HttpResponse.

    Raises:
        DisallowedRedirect: longer than `max_length` characters, or a scheme outside `allowed_schemes`.
    """

    allowed_schemes: ClassVar[list[str]] = ["http", "https", "ftp"]
    max_length: ClassVar[int] = MAX_URL_REDIRECT_LENGTH
    status_code_preserve_request: ClassVar[int]

    def __init__(
        self,
        redirect_to: object,
        preserve_request: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if preserve_request:
            self.status_code = self.status_code_preserve_request
        # Set before it is refused: the debug page shows the response.
        self["Location"] = iri_to_uri(redirect_to)
        self._check(str(redirect_to))

    def _check(self, target: str) -> None:
        # Length first: taking a URL of megabytes apart is work that an attacker would ask for.
        if len(target) > self.max_length:
            raise DisallowedRedirect(f"Unsafe redirect exceeding {self.max_length} characters")
        scheme = urlsplit(target).scheme
        if scheme and scheme not in self.allowed_schemes:
            raise DisallowedRedirect(f"Unsafe redirect to URL with protocol '{scheme}'")

    @property
    def url(self) -> str:
        """Where the client is sent."""
        return self["Location"]

    def __repr__(self) -> str:
        start = super().__repr__().removesuffix(">")
        return f'{start}, url="{self.url}">'


class HttpResponseRedirect(HttpResponseRedirectBase):
    """302 Found, or 307."""

    status_code = 302
    status_code_preserve_request = 307


class HttpResponsePermanentRedirect(HttpResponseRedirectBase):
    """301 Moved Permanently, or 308."""

    status_code = 301
    status_code_preserve_request = 308
