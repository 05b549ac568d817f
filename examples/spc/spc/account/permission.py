"""Who may open what: two decorators for views.

    @viewer_required        somebody has logged in
    @engineer_required      and may change things

A page sends whoever has not logged in to the log-in, and back afterwards; the API answers 401 and 403 in
JSON.
"""

import functools
from urllib.parse import urlencode

from penstock.web.core.exceptions import PermissionDenied
from penstock.web.http import JsonResponse
from penstock.web.shortcuts import redirect
from penstock.web.urls import reverse


def viewer_required(view):
    """Let everybody pass who has logged in."""

    @functools.wraps(view)
    def checked(request, *arguments, **named):
        if not request.user:
            return _ask_for_log_in(request)
        return view(request, *arguments, **named)

    return checked


def engineer_required(view):
    """Let engineers pass.

    Raises:
        PermissionDenied: somebody else has logged in; the page says 403.
    """

    @functools.wraps(view)
    def checked(request, *arguments, **named):
        if not request.user.may_change:
            raise PermissionDenied(f"{request.user.name} is a {request.user.role}; expected an engineer")
        return view(request, *arguments, **named)

    return viewer_required(checked)


def _ask_for_log_in(request):
    if request.path_info.startswith("/api/v1/"):
        return JsonResponse({"error": "nobody has logged in"}, status=401)
    back = "?" + urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    return redirect(reverse("log-in") + back)
