"""The pages of faults: the API's in JSON, everybody else's as pages.

They are shown to whoever asks, logged in or not, so that they tell nothing.
"""

from penstock.web.http import JsonResponse
from penstock.web.shortcuts import render

TEXTS = {
    400: ("That cannot be read", "The address or the form is not as this site sends it."),
    403: (
        "Not yours to change",
        "Your role may look at this, and not change it; or the page was open for too long.",
    ),
    404: ("Not there", "There is nothing at this address."),
    500: (
        "A fault of this site",
        "It has been written down. Please try again, or tell whoever runs the site.",
    ),
}


def bad_request(request, exception):
    """400."""
    return _fault(request, 400)


def forbidden(request, exception=None, reason=""):
    """403, for a role as for a missing CSRF token."""
    return _fault(request, 403)


def missing(request, exception):
    """404."""
    return _fault(request, 404)


def failed(request):
    """500: it asks neither the database nor the session, which may be what failed."""
    return _fault(request, 500, user=None, notices=list)


def _fault(request, status, **known):
    title, text = TEXTS[status]
    if request.path_info.startswith("/api/v1/"):
        return JsonResponse({"error": title.lower()}, status=status)
    return render(request, "fault.html", {"title": title, "text": text} | known, status=status)
