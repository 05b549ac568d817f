"""The answer to a form whose origin cannot be told: 403, and what can be done about it.

In:     a request, the reason.
Out:    a response, from the site's `403_csrf.html` or a page of our own.
Never:  tells strangers more than what they sent, unless DEBUG.
Rules:  Django's name, context and wording of the visible reasons: people search for them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from penstock.web.conf import settings
from penstock.web.http import HttpResponseForbidden
from penstock.web.middleware.csrf import REASON_NO_CSRF_COOKIE, REASON_NO_REFERER
from penstock.web.template import TemplateDoesNotExist, loader
from penstock.web.utils.html import escape
from penstock.web.utils.version import get_docs_version

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest, HttpResponse

CSRF_FAILURE_TEMPLATE_NAME: Final = "403_csrf.html"

TITLE: Final = "Forbidden"
MAIN: Final = "CSRF verification failed. Request aborted."
# The visitor's sentences are Django's to the letter: sites and their tests look for them.
NO_REFERER: Final = (
    "You are seeing this message because this HTTPS site requires a “Referer header” "
    "to be sent by your web browser, but none was sent."
)
NO_REFERER_SETTING: Final = (
    "If you have configured your browser to disable “Referer” headers, please re-enable them, "
    "at least for this site, or for HTTPS connections, or for “same-origin” requests."
)
NO_REFERER_POLICY: Final = (
    'If you are using the <meta name="referrer" content="no-referrer"> tag '
    "or including the “Referrer-Policy: no-referrer” header, please remove them."
)
NO_COOKIE: Final = (
    "You are seeing this message because this site requires a CSRF cookie when submitting forms. "
    "This cookie is required for security reasons, "
    "to ensure that your browser is not being hijacked by third parties."
)
NO_COOKIE_SETTING: Final = "Cookies that are disabled must be enabled, at least for this site."
FOR_DEVELOPERS: Final = """
The form needs the token: {{ csrf_input }} inside each <form method="post"> of a template that was rendered
with the request; a script sends it as X-CSRFToken.

The middleware CsrfViewMiddleware, or the decorator csrf_protect, must be on the view that shows the form
and on the one that takes it.

A form that was open while somebody logged in on another tab has an old token: reload it.

This part is shown because DEBUG is on; strangers see the paragraphs above alone.
"""

_PAGE: Final = Path(__file__).parent / "templates" / "csrf_403.html"
# Django's page on the subject is true of this framework, too.
_DOCUMENTATION: Final = "https://docs.djangoproject.com/en/{version}/ref/csrf/"


def csrf_failure(
    request: "HttpRequest", reason: str = "", template_name: str = CSRF_FAILURE_TEMPLATE_NAME
) -> "HttpResponse":
    """Answer 403 to a request that failed the check for `reason`.

    Raises:
        TemplateDoesNotExist: a template of another name than our own was asked for and is not there.
    """
    try:
        template = loader.get_template(template_name)
    except TemplateDoesNotExist:
        if template_name != CSRF_FAILURE_TEMPLATE_NAME:
            raise
        return HttpResponseForbidden(_built_in_page(reason))
    return HttpResponseForbidden(template.render(_context(reason), request))


def _context(reason: str) -> dict[str, Any]:
    """Return Django's names for the site's template."""
    return {
        "title": TITLE,
        "main": MAIN,
        "reason": reason,
        "no_referer": reason == REASON_NO_REFERER,
        "no_referer1": NO_REFERER,
        "no_referer2": NO_REFERER_SETTING,
        "no_referer3": NO_REFERER_POLICY,
        "no_cookie": reason == REASON_NO_CSRF_COOKIE,
        "no_cookie1": NO_COOKIE,
        "no_cookie2": NO_COOKIE_SETTING,
        "DEBUG": settings.DEBUG,
    }


def _built_in_page(reason: str) -> str:
    paragraphs = [MAIN]
    if reason == REASON_NO_REFERER:
        paragraphs += [NO_REFERER, NO_REFERER_SETTING, NO_REFERER_POLICY]
    if reason == REASON_NO_CSRF_COOKIE:
        paragraphs += [NO_COOKIE, NO_COOKIE_SETTING]
    link = ""
    if settings.DEBUG:
        link = _DOCUMENTATION.format(version=get_docs_version())
        paragraphs += [f"Reason given for failure: {reason}", *FOR_DEVELOPERS.strip().split("\n\n")]
    with _PAGE.open(encoding="utf-8") as file:
        page = file.read()
    text = "\n".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return page.format(
        title=TITLE, paragraphs=text, link=f'<p><a href="{link}">{link}</a></p>' if link else ""
    )
