"""Each request in the language that its visitor wants.

In:     a request: its path, cookie and Accept-Language (utils/translation/choice.py).
Out:    the active language, `request.LANGUAGE_CODE`; Content-Language and Vary of the response; a redirect to
        the path with a language in front, where only that one leads somewhere.
Never:  remembers a choice: views/i18n.py sets the cookie.
Rules:  Django's LocaleMiddleware; RFC 9110 section 8.5 (Content-Language).
"""

from penstock.web.conf import settings
from penstock.web.conf.urls.i18n import is_language_prefix_patterns_used
from penstock.web.http import HttpRequest, HttpResponseRedirect
from penstock.web.http.response import HttpResponseBase
from penstock.web.urls import get_script_prefix, is_valid_path
from penstock.web.utils import translation
from penstock.web.utils.cache import patch_vary_headers
from penstock.web.utils.deprecation import MiddlewareMixin


class LocaleMiddleware(MiddlewareMixin):
    """Activates a language for a request, and says so in the response."""

    response_redirect_class: type[HttpResponseBase] = HttpResponseRedirect

    def process_request(self, request: HttpRequest) -> None:
        """Choose and activate."""
        has_prefixes, has_default_prefix = _prefixes(request)
        language = translation.get_language_from_request(request, check_path=has_prefixes)
        in_path = translation.get_language_from_path(request.path_info)
        if has_prefixes and not has_default_prefix and not in_path:
            # Where the default language has no prefix, a path without one is in that language.
            language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]  # Django's name

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Redirect what is there in a language only; else say which language it is."""
        language = translation.get_language() or ""
        in_path = translation.get_language_from_path(request.path_info)
        has_prefixes, has_default_prefix = _prefixes(request)
        if response.status_code == 404 and not in_path and has_prefixes and has_default_prefix:
            address = _with_prefix(request, language)
            if address is not None:
                redirect = self.response_redirect_class(address)
                patch_vary_headers(redirect, ("Accept-Language", "Cookie"))
                return redirect
        if not (has_prefixes and in_path):
            patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


def _prefixes(request: HttpRequest) -> tuple[bool, bool]:
    """Return whether routes have languages in front, and whether the default one is among them."""
    return is_language_prefix_patterns_used(_urlconf(request))


def _urlconf(request: HttpRequest) -> object:
    return getattr(request, "urlconf", settings.ROOT_URLCONF)


def _with_prefix(request: HttpRequest, language: str) -> str | None:
    """Return the address with a language in front, and a slash behind if that helps; None: no route."""
    path, urlconf = f"/{language}{request.path_info}", _urlconf(request)
    is_there = bool(is_valid_path(path, urlconf))
    may_need_slash = settings.APPEND_SLASH and not path.endswith("/")
    if not is_there and not (may_need_slash and is_valid_path(f"{path}/", urlconf)):
        return None
    prefix = get_script_prefix()
    address = request.get_full_path(force_append_slash=not is_there)
    return address.replace(prefix, f"{prefix}{language}/", 1)
