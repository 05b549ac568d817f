"""Manners of a site: user agents it refuses, www and closing slashes in its addresses, Content-Length.

In:     DISALLOWED_USER_AGENTS, PREPEND_WWW, APPEND_SLASH, read at each request.
Out:    a refusal, a permanent redirect, or a Content-Length.
Never:  redirects an address that answers as it is.

Rules:  Django's CommonMiddleware: the host is checked for every request, whatever else is asked for.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from penstock.web.conf import settings
from penstock.web.core.exceptions import PermissionDenied
from penstock.web.http import HttpRequest, HttpResponsePermanentRedirect
from penstock.web.http.response import HttpResponseBase
from penstock.web.urls import is_valid_path
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.http import escape_leading_slashes

WITH_BODY = ("DELETE", "POST", "PUT", "PATCH")


class CommonMiddleware(MiddlewareMixin):
    """Refuses user agents, redirects to www and to closing slashes, and sets Content-Length."""

    response_redirect_class: Any = HttpResponsePermanentRedirect

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Refuse or redirect.

        Raises:
            PermissionDenied: DISALLOWED_USER_AGENTS matches.
            DisallowedHost: the host is none of ALLOWED_HOSTS.
        """
        if settings.DISALLOWED_USER_AGENTS:
            _refuse_user_agent(request.META.get("HTTP_USER_AGENT"))
        host = request.get_host()
        if not settings.PREPEND_WWW or not host or host.startswith("www."):
            return None
        # One redirect for both wishes.
        lacks_slash = self.should_redirect_with_slash(request)
        path = self.get_full_path_with_slash(request) if lacks_slash else request.get_full_path()
        return self._redirect(f"{request.scheme}://www.{host}{path}")

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Whether a view would answer with a slash appended, none does without, and the view wants that."""
        if not settings.APPEND_SLASH or request.path_info.endswith("/"):
            return False
        urlconf = getattr(request, "urlconf", None)
        if is_valid_path(request.path_info, urlconf):
            return False
        match = is_valid_path(f"{request.path_info}/", urlconf)
        return not isinstance(match, bool) and bool(getattr(match.func, "should_append_slash", True))

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        """Return the path and query with the slash.

        Raises:
            RuntimeError: DEBUG is on and a redirect would lose the body.
        """
        # A redirect to //host/ would leave the site.
        path = escape_leading_slashes(request.get_full_path(force_append_slash=True))
        if settings.DEBUG and request.method in WITH_BODY:
            raise RuntimeError(
                f"{request.method} of a URL that does not end in a slash, with APPEND_SLASH set: no redirect "
                f"can be followed while maintaining {request.method} data. Change your form to point to "
                f"{request.get_host()}{path} (with the slash), or set APPEND_SLASH=False."
            )
        return path

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Redirect what was not found, if a slash would help; else set Content-Length."""
        if response.status_code == 404 and self.should_redirect_with_slash(request):
            return self._redirect(self.get_full_path_with_slash(request))
        store = response._store
        if "content-length" not in store and not response.streaming:
            body: Any = response  # what does not stream has content
            store["content-length"] = ("Content-Length", str(len(body.content)))
        return response

    def _redirect(self, url: str) -> HttpResponseBase:
        response: HttpResponseBase = self.response_redirect_class(url)
        return response


def _refuse_user_agent(user_agent: str | None) -> None:
    if user_agent is not None and any(agent.search(user_agent) for agent in settings.DISALLOWED_USER_AGENTS):
        raise PermissionDenied("Forbidden user agent")


class BrokenLinkEmailsMiddleware(MiddlewareMixin):
    """Tells the managers by mail of links that lead nowhere, while DEBUG is off."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Write the mail; a mail that cannot be sent is dropped."""
        if response.status_code != 404 or settings.DEBUG:
            return response
        domain, path = request.get_host(), request.get_full_path()
        referer = request.META.get("HTTP_REFERER", "")
        if not self.is_ignorable_request(request, path, domain, referer):
            self._tell_managers(request, domain, path, referer)
        return response

    def _tell_managers(self, request: HttpRequest, domain: str, path: str, referer: str) -> None:
        from penstock.web.core.mail import mail_managers

        kind = "INTERNAL " if self.is_internal_request(domain, referer) else ""
        agent = request.META.get("HTTP_USER_AGENT", "<none>")
        address = request.META.get("REMOTE_ADDR", "<none>")
        mail_managers(
            f"Broken {kind}link on {domain}",
            f"Referrer: {referer}\nRequested URL: {path}\nUser agent: {agent}\nIP address: {address}\n",
            fail_silently=True,
        )

    def is_internal_request(self, domain: str, referer: str) -> bool:
        """Whether the link stands on the site itself."""
        return re.match(rf"https?://{re.escape(domain)}/", referer) is not None

    def is_ignorable_request(self, request: HttpRequest, uri: str, domain: str, referer: str) -> bool:  # noqa: ARG002 - for subclasses
        """Whether nobody need know: typed, found by a search, named by a robot, or in IGNORABLE_404_URLS."""
        is_typed = not referer
        is_our_redirect = settings.APPEND_SLASH and uri == f"{referer}/"
        is_search_result = "?" in referer and not self.is_internal_request(domain, referer)
        return (
            is_typed
            or is_our_redirect
            or is_search_result
            or _is_same_page(referer, domain, uri)
            or any(pattern.search(uri) for pattern in settings.IGNORABLE_404_URLS)
        )


def _is_same_page(referer: str, domain: str, path: str) -> bool:
    """Whether a referer is the page itself: robots do that."""
    source = urlsplit(referer)
    return source.path == path and source.netloc in ("", domain)
