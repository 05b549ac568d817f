"""Who may put the site's pages into a frame.

In:     settings.X_FRAME_OPTIONS, read at each response; marks of the xframe_options_ decorators.
Out:    the X-Frame-Options field.
Never:  replaces a field that is there.

Rules:  RFC 7034; Django's XFrameOptionsMiddleware.
"""

from penstock.web.conf import settings
from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.utils.deprecation import MiddlewareMixin


class XFrameOptionsMiddleware(MiddlewareMixin):
    """Sets X-Frame-Options unless the response has it or is exempt; subclasses may choose the value."""

    _constant: tuple[str, str] = ("", "")
    _constant_of: int | None = None  # the revision of the settings

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the field."""
        store = response._store
        if "x-frame-options" in store or getattr(response, "xframe_options_exempt", False):
            return response
        if type(self).get_xframe_options_value is not XFrameOptionsMiddleware.get_xframe_options_value:
            response["X-Frame-Options"] = self.get_xframe_options_value(request, response)
            return response
        if self._constant_of != settings.revision:
            revision = settings.revision
            response["X-Frame-Options"] = self.get_xframe_options_value(request, response)
            self._constant, self._constant_of = store["x-frame-options"], revision
        store["x-frame-options"] = self._constant
        return response

    def get_xframe_options_value(self, request: HttpRequest, response: HttpResponseBase) -> str:  # noqa: ARG002 - for subclasses
        """Return the value; a subclass may look at request and response (hence the arguments)."""
        return str(getattr(settings, "X_FRAME_OPTIONS", "DENY")).upper()
