"""Requests that another site made a browser send.

A browser adds our cookies to whatever form points here.  So a request that may change something must also
carry what only our own pages know: a token of the secret that the cookie (or the session) holds.

In:     the cookie or session, Origin, Referer, the form's token or the header's.
Out:    a 403 from CSRF_FAILURE_VIEW; the cookie, if a page asked for a token.
Never:  checks a safe method, or spends anything on one that brings no cookie and asks for no token.

Rules:  Django's CsrfViewMiddleware and its wire format: the secret is 32 letters and digits; a token is 64, a
        random mask and the secret enciphered with it, so that no two pages show the same text (BREACH).
"""

import functools
import logging
import string
from collections import defaultdict
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from penstock.web.conf import settings
from penstock.web.core.exceptions import DisallowedHost, ImproperlyConfigured
from penstock.web.http import HttpHeaders, HttpRequest, UnreadablePostError
from penstock.web.http.response import HttpResponseBase
from penstock.web.urls import get_callable
from penstock.web.utils.cache import patch_vary_headers
from penstock.web.utils.crypto import constant_time_compare, get_random_string
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.utils.http import is_same_domain
from penstock.web.utils.log import log_response

logger = logging.getLogger("penstock.web.security.csrf")

CSRF_SECRET_LENGTH: Final = 32
CSRF_TOKEN_LENGTH: Final = 2 * CSRF_SECRET_LENGTH
CSRF_ALLOWED_CHARS: Final = string.ascii_letters + string.digits
CSRF_SESSION_KEY: Final = "_csrftoken"

REASON_BAD_ORIGIN: Final = "Origin checking failed - %s does not match any trusted origins."
REASON_NO_REFERER: Final = "Referer checking failed - no Referer."
REASON_BAD_REFERER: Final = "Referer checking failed - %s does not match any trusted origins."
REASON_MALFORMED_REFERER: Final = "Referer checking failed - Referer is malformed."
REASON_INSECURE_REFERER: Final = "Referer checking failed - Referer is insecure while host is secure."
REASON_NO_CSRF_COOKIE: Final = "CSRF cookie not set."
REASON_CSRF_TOKEN_MISSING: Final = "CSRF token missing."  # noqa: S105 - no password
REASON_INCORRECT_LENGTH: Final = "has incorrect length"
REASON_INVALID_CHARACTERS: Final = "has invalid characters"

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.1

_PLACE: Final = {character: place for place, character in enumerate(CSRF_ALLOWED_CHARS)}


class _RefusalError(Exception):
    """Something is refused for a `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidTokenFormat(_RefusalError):
    """A token or secret that we cannot have made; `reason` says why, as the end of a sentence."""


class RejectRequest(_RefusalError):
    """The request is not to be answered; `reason` is what the log and the failure view get."""


# Secrets and tokens.


def _get_new_csrf_string() -> str:
    return get_random_string(CSRF_SECRET_LENGTH, allowed_chars=CSRF_ALLOWED_CHARS)


def _mask_cipher_secret(secret: str) -> str:
    """Return a token of the secret: a new mask, then each place of the secret moved by that of the mask."""
    mask = _get_new_csrf_string()
    return mask + _moved(secret, mask, 1)


def _unmask_cipher_token(token: str) -> str:
    """Return the secret in a token."""
    return _moved(token[CSRF_SECRET_LENGTH:], token[:CSRF_SECRET_LENGTH], -1)


def _secret_of(text: str) -> str:
    """Return the secret in a token; what is no token is one itself."""
    return _unmask_cipher_token(text) if len(text) == CSRF_TOKEN_LENGTH else text


def _moved(text: str, mask: str, direction: int) -> str:
    places = ((_PLACE[letter] + direction * _PLACE[by]) for letter, by in zip(text, mask, strict=True))
    return "".join([CSRF_ALLOWED_CHARS[place % len(CSRF_ALLOWED_CHARS)] for place in places])


def _check_token_format(token: str) -> None:
    """Refuse what is neither a token nor a secret (the cookie may hold either: old releases kept tokens).

    Raises:
        InvalidTokenFormat: a length or a character that ours do not have.
    """
    if len(token) not in (CSRF_TOKEN_LENGTH, CSRF_SECRET_LENGTH):
        raise InvalidTokenFormat(REASON_INCORRECT_LENGTH)
    if not (token.isascii() and token.isalnum()):
        raise InvalidTokenFormat(REASON_INVALID_CHARACTERS)


def _does_token_match(request_csrf_token: str, csrf_secret: str) -> bool:
    """Whether a token, or the secret itself, is of this secret; in a time that does not tell.

    Raises:
        AssertionError: a length that `_check_token_format` refuses.
    """
    given = _secret_of(request_csrf_token)
    if len(given) != CSRF_SECRET_LENGTH:
        raise AssertionError(f"a token of {len(given)} characters; expected its form to be checked")
    return constant_time_compare(given, csrf_secret)


def get_token(request: HttpRequest) -> str:
    """Return a token for a form; the response will set the cookie that it is checked against."""
    if "CSRF_COOKIE" in request.META:
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
    else:
        rotate_token(request)
    return _mask_cipher_secret(request.META["CSRF_COOKIE"])


def rotate_token(request: HttpRequest) -> None:
    """Give the client a new secret: to be done at a login, or whoever knew the old one stays in."""
    request.META["CSRF_COOKIE"] = _get_new_csrf_string()
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True


class CsrfViewMiddleware(MiddlewareMixin):
    """Refuses unsafe requests that do not carry a token of the client's secret."""

    # The origins of CSRF_TRUSTED_ORIGINS, in the three shapes in which they are asked for.

    @functools.cached_property
    def csrf_trusted_origins_hosts(self) -> list[str]:
        """Their hosts; a wildcard keeps its leading dot."""
        return [urlsplit(origin).netloc.lstrip("*") for origin in settings.CSRF_TRUSTED_ORIGINS]

    @functools.cached_property
    def allowed_origins_exact(self) -> set[str]:
        """Those without wildcard, as they stand."""
        return {origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin}

    @functools.cached_property
    def allowed_origin_subdomains(self) -> dict[str, list[str]]:
        """Hosts of those with wildcard, by scheme."""
        hosts = defaultdict(list)
        for origin in settings.CSRF_TRUSTED_ORIGINS:
            if "*" in origin:
                parts = urlsplit(origin)
                hosts[parts.scheme].append(parts.netloc.lstrip("*"))
        return hosts

    # Hooks.

    def process_request(self, request: HttpRequest) -> None:
        """Read the secret; one of a wrong form is replaced."""
        if not _may_have_cookies(request) and not settings.CSRF_USE_SESSIONS:
            return
        try:
            secret = self._get_secret(request)
        except InvalidTokenFormat:
            rotate_token(request)
        else:
            if secret is not None:
                request.META["CSRF_COOKIE"] = secret

    def process_view(
        self,
        request: HttpRequest,
        callback: Any,
        callback_args: Any,  # noqa: ARG002 - the hook's signature
        callback_kwargs: Any,  # noqa: ARG002 - the same
    ) -> HttpResponseBase | None:
        """Refuse the request, or let it pass."""
        state: Any = request
        if getattr(request, "csrf_processing_done", False) or getattr(callback, "csrf_exempt", False):
            return None
        if request.method not in SAFE_METHODS and not getattr(request, "_dont_enforce_csrf_checks", False):
            try:
                self._check(request)
            except RejectRequest as refusal:
                return self._reject(request, refusal.reason)
        state.csrf_processing_done = True
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the cookie if a token was asked for, or the secret is new."""
        if request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
            self._set_csrf_cookie(request, response)
            # A second middleware of this class (by decorator) need not set it again.
            request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
        return response

    # Where the secret is kept.

    def _get_secret(self, request: Any) -> str | None:
        """Return the client's secret; None if it has none.

        Raises:
            InvalidTokenFormat: the cookie is not ours.
            ImproperlyConfigured: it is to be in the session, and there is none.
        """
        if settings.CSRF_USE_SESSIONS:
            kept = _session(request).get(CSRF_SESSION_KEY)
        else:
            kept = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
            if kept is not None:
                _check_token_format(kept)
        return None if kept is None else _secret_of(kept)

    def _set_csrf_cookie(self, request: Any, response: Any) -> None:
        secret = request.META["CSRF_COOKIE"]
        if settings.CSRF_USE_SESSIONS:
            session = _session(request)
            if session.get(CSRF_SESSION_KEY) != secret:
                session[CSRF_SESSION_KEY] = secret
            return
        response.set_cookie(
            settings.CSRF_COOKIE_NAME,
            secret,
            path=settings.CSRF_COOKIE_PATH,
            domain=settings.CSRF_COOKIE_DOMAIN,
            max_age=settings.CSRF_COOKIE_AGE,
            samesite=settings.CSRF_COOKIE_SAMESITE,
            httponly=settings.CSRF_COOKIE_HTTPONLY,
            secure=settings.CSRF_COOKIE_SECURE,
        )
        patch_vary_headers(response, ("Cookie",))  # what is shown depends on it

    # What is checked: where the request comes from, then what it carries.

    def _check(self, request: HttpRequest) -> None:
        """Raise RejectRequest unless one of our own pages, or a trusted one, made this request."""
        if "HTTP_ORIGIN" in request.META:
            if not self._origin_verified(request):
                raise RejectRequest(REASON_BAD_ORIGIN % request.META["HTTP_ORIGIN"])
        elif request.is_secure():
            # Over TLS nobody can have removed the Referer, and without TLS a cookie of the same name may have
            # been planted by whoever sits in between.
            self._check_referer(request)
        self._check_token(request)

    def _origin_verified(self, request: HttpRequest) -> bool:
        origin: str = request.META["HTTP_ORIGIN"]
        is_exact = origin == _own_origin(request) or origin in self.allowed_origins_exact
        return is_exact or self._is_below_trusted(origin)

    def _is_below_trusted(self, origin: str) -> bool:
        """Whether a wildcard of CSRF_TRUSTED_ORIGINS takes an origin in."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        hosts = self.allowed_origin_subdomains.get(parts.scheme, ())
        return any(is_same_domain(parts.netloc, host) for host in hosts)

    def _check_referer(self, request: HttpRequest) -> None:
        referer = _parsed_referer(request)
        if any(is_same_domain(referer.netloc, host) for host in self.csrf_trusted_origins_hosts):
            return
        if not is_same_domain(referer.netloc, self._own_domain(request, referer)):
            raise RejectRequest(REASON_BAD_REFERER % referer.geturl())

    def _own_domain(self, request: HttpRequest, referer: SplitResult) -> str:
        """Return the domain that our own pages have: that of the cookie, else the host that was asked."""
        in_session = settings.CSRF_USE_SESSIONS
        domain: str | None = settings.SESSION_COOKIE_DOMAIN if in_session else settings.CSRF_COOKIE_DOMAIN
        if domain is None:
            try:
                return request.get_host()
            except DisallowedHost:
                raise RejectRequest(REASON_BAD_REFERER % referer.geturl()) from None
        port = request.get_port()
        return domain if port in ("443", "80") else f"{domain}:{port}"

    def _check_token(self, request: HttpRequest) -> None:
        try:
            secret = self._get_secret(request)
        except InvalidTokenFormat as error:
            raise RejectRequest(f"CSRF cookie {error.reason}.") from error
        if secret is None:
            # Without a secret of its own a client cannot be told from one that another site sends.
            raise RejectRequest(REASON_NO_CSRF_COOKIE)
        token, source = _given_token(request)
        try:
            _check_token_format(token)
        except InvalidTokenFormat as error:
            raise RejectRequest(self._bad_token_message(error.reason, source)) from error
        if not _does_token_match(token, secret):
            raise RejectRequest(self._bad_token_message("incorrect", source))

    def _bad_token_message(self, reason: str, token_source: str) -> str:
        if token_source != "POST":  # noqa: S105 - no password
            token_source = f"the {HttpHeaders.parse_header_name(token_source)!r} HTTP header"
        return f"CSRF token from {token_source} {reason}."

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseBase:
        response: HttpResponseBase = get_callable(settings.CSRF_FAILURE_VIEW)(request, reason=reason)
        log_response(
            "Forbidden (%s): %s", reason, request.path, response=response, request=request, logger=logger
        )
        return response


def _may_have_cookies(request: HttpRequest) -> bool:
    """Whether there is a cookie, as far as can be told without parsing any."""
    return "HTTP_COOKIE" in request.META or bool(request.__dict__.get("COOKIES"))


def _own_origin(request: HttpRequest) -> str | None:
    """Return the origin of our own pages; None under a host that is not allowed."""
    try:
        return f"{'https' if request.is_secure() else 'http'}://{request.get_host()}"
    except DisallowedHost:
        return None


def _session(request: Any) -> Any:
    try:
        return request.session
    except AttributeError:
        raise ImproperlyConfigured(
            "CSRF_USE_SESSIONS is enabled, but request.session is not set. "
            "SessionMiddleware must appear before CsrfViewMiddleware in MIDDLEWARE."
        ) from None


def _parsed_referer(request: HttpRequest) -> SplitResult:
    text: str | None = request.META.get("HTTP_REFERER")
    if text is None:
        raise RejectRequest(REASON_NO_REFERER)
    try:
        referer = urlsplit(text)
    except ValueError:
        raise RejectRequest(REASON_MALFORMED_REFERER) from None
    if not referer.scheme or not referer.netloc:
        raise RejectRequest(REASON_MALFORMED_REFERER)
    if referer.scheme != "https":
        raise RejectRequest(REASON_INSECURE_REFERER)
    return referer


def _given_token(request: HttpRequest) -> tuple[str, str]:
    """Return the token and where it was: the form first, as a page without scripts has no other way."""
    if request.method == "POST":
        try:
            token = request.POST.get("csrfmiddlewaretoken", "")
        except UnreadablePostError:
            token = ""  # the client is gone; the view will find out, or be refused below
        if token:
            return str(token), "POST"
    try:
        return request.META[settings.CSRF_HEADER_NAME], settings.CSRF_HEADER_NAME
    except KeyError:
        raise RejectRequest(REASON_CSRF_TOKEN_MISSING) from None
