"""The answers to what went wrong, for a site that has no handlers of its own: 400, 403, 404, 500.

Each takes a template of the site (`404.html` and so on) if there is one, else a short page.  That there is
none is kept in mind, unless DEBUG: a flood of requests for pages that are not there shall not look for a
file each.

In:     a request, and the exception but for 500.
Out:    a response.
Never:  shows what may be secret: a 400 or 500 says nothing of its cause.
Rules:  Django's contexts.  A template that is named by the caller and is missing is an error.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from penstock.web.conf import settings
from penstock.web.http import (
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseNotFound,
    HttpResponseServerError,
)
from penstock.web.template import TemplateDoesNotExist, engines, loader
from penstock.web.template.witness import tell_of_rendering
from penstock.web.views.decorators.csrf import requires_csrf_token

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest, HttpResponse
    from penstock.web.template.backends.base import EngineTemplate

ERROR_400_TEMPLATE_NAME: Final = "400.html"
ERROR_403_TEMPLATE_NAME: Final = "403.html"
ERROR_404_TEMPLATE_NAME: Final = "404.html"
ERROR_500_TEMPLATE_NAME: Final = "500.html"

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body>
<h1>{heading}</h1><p>{text}</p>
</body>
</html>
"""

# Names of templates that were not there, and the generation of engines that said so.
_absent: Final[dict[str, int]] = {}


class _BuiltInPage:
    """What the test client sees instead of a template."""

    name: ClassVar[str | None] = None


def _page(title: str, heading: str, text: str = "") -> str:
    return _PAGE.format(title=title, heading=heading, text=text)


def _site_template(name: str, own: str) -> "EngineTemplate | None":
    """Return the site's template; None if there is none of our own choice.

    Raises:
        TemplateDoesNotExist: the name is not `own`: somebody asked for it.
    """
    engines.templates  # noqa: B018 - notices changed settings, which begin a new generation
    if name == own and _absent.get(name) == engines.generation:
        return None
    try:
        return loader.get_template(name)
    except TemplateDoesNotExist:
        if name != own:
            raise
        if not settings.DEBUG:
            _absent[name] = engines.generation
        return None


@requires_csrf_token
def page_not_found(
    request: "HttpRequest", exception: Exception, template_name: str = ERROR_404_TEMPLATE_NAME
) -> "HttpResponse":
    """Answer 404; the template gets `request_path`, quoted, and `exception`, its message if it is text."""
    template = _site_template(template_name, ERROR_404_TEMPLATE_NAME)
    message = exception.args[0] if getattr(exception, "args", ()) else None
    shown = message if isinstance(message, str) else type(exception).__name__
    context = {"request_path": quote(request.path), "exception": shown}
    if template is None:
        tell_of_rendering(_BuiltInPage, context)
        page = _page("Not Found", "Not Found", "The requested resource was not found on this server.")
        return HttpResponseNotFound(page)
    return HttpResponseNotFound(template.render(context, request))


@requires_csrf_token
def server_error(
    request: "HttpRequest",  # noqa: ARG001 - what it holds may be what is broken
    template_name: str = ERROR_500_TEMPLATE_NAME,
) -> "HttpResponse":
    """Answer 500; the template gets nothing: what would fill its context may be what is broken."""
    template = _site_template(template_name, ERROR_500_TEMPLATE_NAME)
    if template is None:
        page = _page("Server Error (500)", "Server Error (500)")
        return HttpResponseServerError(page)
    return HttpResponseServerError(template.render())


@requires_csrf_token
def bad_request(
    request: "HttpRequest",
    exception: Exception,  # noqa: ARG001 - what was wrong is not told
    template_name: str = ERROR_400_TEMPLATE_NAME,
) -> "HttpResponse":
    """Answer 400; the template gets the request."""
    template = _site_template(template_name, ERROR_400_TEMPLATE_NAME)
    if template is None:
        page = _page("Bad Request (400)", "Bad Request (400)")
        return HttpResponseBadRequest(page)
    return HttpResponseBadRequest(template.render(request=request))


@requires_csrf_token
def permission_denied(
    request: "HttpRequest", exception: Exception, template_name: str = ERROR_403_TEMPLATE_NAME
) -> "HttpResponse":
    """Answer 403; the template gets `exception`, its message."""
    template = _site_template(template_name, ERROR_403_TEMPLATE_NAME)
    if template is None:
        page = _page("403 Forbidden", "403 Forbidden")
        return HttpResponseForbidden(page)
    context: dict[str, Any] = {"exception": str(exception)}
    return HttpResponseForbidden(template.render(context, request))
