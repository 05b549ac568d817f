"""Headers that make browsers careful, and the redirect to HTTPS.

In:     the SECURE_ settings, read when the middleware is made.
Out:    a permanent redirect, or four header fields that no view has set by itself.
Never:  replaces a field that is there.

Rules:  Django's SecurityMiddleware; RFC 6797 for Strict-Transport-Security.
"""

import re
from typing import Any

from penstock.web.conf import settings
from penstock.web.http import HttpRequest, HttpResponsePermanentRedirect
from penstock.web.http.headers import Store, set_field
from penstock.web.http.response import HttpResponseBase
from penstock.web.utils.deprecation import MiddlewareMixin


class SecurityMiddleware(MiddlewareMixin):
    """Redirects to HTTPS and sets security headers, as the SECURE_ settings say.

    The attributes are those settings; fields are made of them once, and anew after an attribute was set.
    """

    _fields: tuple[tuple[str, tuple[str, str]], ...] | None

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.redirect = settings.SECURE_SSL_REDIRECT
        self.redirect_exempt = [re.compile(pattern) for pattern in settings.SECURE_REDIRECT_EXEMPT]
        self.redirect_host = settings.SECURE_SSL_HOST
        self.content_type_nosniff = settings.SECURE_CONTENT_TYPE_NOSNIFF
        self.cross_origin_opener_policy = settings.SECURE_CROSS_ORIGIN_OPENER_POLICY
        self.referrer_policy = settings.SECURE_REFERRER_POLICY
        self.sts_preload = settings.SECURE_HSTS_PRELOAD
        self.sts_include_subdomains = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS
        self.sts_seconds = settings.SECURE_HSTS_SECONDS

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        self.__dict__["_fields"] = None

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Redirect what came without TLS, if it is to be and its path is not exempt."""
        if not self.redirect or request.is_secure():
            return None
        path = request.path.lstrip("/")
        if any(pattern.search(path) for pattern in self.redirect_exempt):
            return None
        host = self.redirect_host or request.get_host()
        return HttpResponsePermanentRedirect(f"https://{host}{request.get_full_path()}")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the fields that are not there."""
        store = response._store
        if self.sts_seconds and request.is_secure():
            response.setdefault("Strict-Transport-Security", self._transport_security())
        for lower_name, field in self._fields or self._make_fields():
            if lower_name not in store:
                store[lower_name] = field
        return response

    def _transport_security(self) -> str:
        value = f"max-age={self.sts_seconds}"
        if self.sts_include_subdomains:
            value += "; includeSubDomains"
        return f"{value}; preload" if self.sts_preload else value

    def _make_fields(self) -> tuple[tuple[str, tuple[str, str]], ...]:
        """Check the constant fields, and keep them."""
        store: Store = {}
        if self.content_type_nosniff:
            set_field(store, "X-Content-Type-Options", "nosniff")
        if self.referrer_policy:
            set_field(store, "Referrer-Policy", ",".join(_policies(self.referrer_policy)))
        if self.cross_origin_opener_policy:
            set_field(store, "Cross-Origin-Opener-Policy", self.cross_origin_opener_policy)
        fields = self.__dict__["_fields"] = tuple(store.items())
        return fields


def _policies(setting: Any) -> Any:
    return [policy.strip() for policy in setting.split(",")] if isinstance(setting, str) else setting
