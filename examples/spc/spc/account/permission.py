"""Who may open what: two decorators for views.

    @viewer_required        somebody has logged in, or shows a token
    @engineer_required      and may change things
    @person_required        somebody has logged in: a token makes no tokens

A page sends whoever has not logged in to the log-in, and back afterwards; the API, and whoever shows a token
anywhere, is answered by 401 and 403.
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


def person_required(view):
    """Let everybody pass who has logged in.

    Raises:
        PermissionDenied: a program shows a token.
    """

    @functools.wraps(view)
    def checked(request, *arguments, **named):
        if request.is_by_token:
            raise PermissionDenied("a token; expected somebody who has logged in")
        return view(request, *arguments, **named)

    return viewer_required(checked)


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
    if request.is_by_token or request.path_info.startswith("/api/v1/"):
        nobody = "nobody has logged in; expected Authorization: Bearer and a token, or a session"
        error = "the token is not in force" if request.is_by_token else nobody
        return JsonResponse({"error": error}, status=401, headers={"WWW-Authenticate": "Bearer"})
    back = "?" + urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    return redirect(reverse("log-in") + back)
