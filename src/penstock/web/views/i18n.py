"""The view that remembers which language a visitor has chosen.

    <form action="{% url 'set_language' %}" method="post">{% csrf_token %}
      <input name="next" type="hidden" value="{{ request.path }}">
      <button name="language" value="de">Deutsch</button>

In:     POST with `language`, perhaps `next`.
Out:    a redirect to where the visitor came from, in that language; the cookie LANGUAGE_COOKIE_NAME.
Never:  leads to another host; changes anything by GET.
Rules:  Django's set_language. There are no catalogues for JavaScript.
"""

from typing import Any

from penstock.web.conf import settings
from penstock.web.http import HttpRequest, HttpResponse, HttpResponseRedirect
from penstock.web.urls import translate_url
from penstock.web.utils.http import url_has_allowed_host_and_scheme


def set_language(request: HttpRequest) -> HttpResponse:
    """Redirect to `next`, the referring page or "/"; a script that asks for no page gets 204."""
    address = _next(request)
    response: HttpResponse = HttpResponseRedirect(address) if address else HttpResponse(status=204)
    if request.method != "POST":
        return response
    language = request.POST.get("language")
    if not language or language not in dict(settings.LANGUAGES):
        return response
    if address:
        response = HttpResponseRedirect(translate_url(address, language))
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **_cookie_attributes())
    return response


def _next(request: HttpRequest) -> str | None:
    """Return where to go; None for a script that names nothing."""
    wanted = request.POST.get("next", request.GET.get("next"))
    if wanted and _is_ours(request, wanted):
        return wanted
    if not wanted and not request.accepts("text/html"):
        return None
    referer = request.META.get("HTTP_REFERER")
    return referer if referer and _is_ours(request, referer) else "/"


def _is_ours(request: HttpRequest, address: str) -> bool:
    hosts = {request.get_host()}
    return url_has_allowed_host_and_scheme(address, allowed_hosts=hosts, require_https=request.is_secure())


def _cookie_attributes() -> dict[str, Any]:
    return {
        "max_age": settings.LANGUAGE_COOKIE_AGE,
        "path": settings.LANGUAGE_COOKIE_PATH,
        "domain": settings.LANGUAGE_COOKIE_DOMAIN,
        "secure": settings.LANGUAGE_COOKIE_SECURE,
        "httponly": settings.LANGUAGE_COOKIE_HTTPONLY,
        "samesite": settings.LANGUAGE_COOKIE_SAMESITE,
    }
