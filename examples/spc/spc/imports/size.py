"""The limit of an upload, applied before anything reads the form.

The server has received the body by then and knows its length, chunked or not; it has a limit of its own
(max_body).

In:     Content-Length, SPC_MAX_UPLOAD_BYTES.
Out:    413 with a sentence.
"""

from penstock.web.conf import settings
from penstock.web.http import JsonResponse
from penstock.web.shortcuts import render
from penstock.web.utils.deprecation import MiddlewareMixin

FORM_BYTES = 65_536  # what a form takes beside its file


class UploadSizeMiddleware(MiddlewareMixin):
    """Refuses what is too large; it stands above the CSRF check, which reads the form."""

    def process_view(self, request, view, arguments, named):
        sent = int(request.META.get("CONTENT_LENGTH") or 0)
        if sent <= settings.SPC_MAX_UPLOAD_BYTES + FORM_BYTES:
            return None
        error = f"What was sent has {sent:,} bytes; expected at most {settings.SPC_MAX_UPLOAD_BYTES:,}."
        if request.path_info.startswith("/api/v1/"):
            return JsonResponse({"error": error}, status=413)
        return render(request, "fault.html", {"title": "Too large", "text": error}, status=413)
