"""Logging in and out."""

from sqlalchemy import select

from penstock.web import db
from penstock.web.conf import settings
from penstock.web.db import transaction
from penstock.web.middleware.csrf import rotate_token
from penstock.web.shortcuts import redirect, render
from penstock.web.utils.http import url_has_allowed_host_and_scheme
from penstock.web.views.decorators.cache import never_cache
from penstock.web.views.decorators.debug import sensitive_post_parameters
from penstock.web.views.decorators.http import require_http_methods, require_POST
from spc.account.middleware import SESSION_KEY
from spc.account.password import is_password, stamp_of
from spc.account.throttle import count_failure, forget_failures, wait_before_log_in_s
from spc.forms.log_in import LogInForm
from spc.models import User


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request):
    """Ask for name and password; then go where somebody wanted to go."""
    form = LogInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        return _try(request, form)
    return render(request, "log_in.html", {"form": form})


@require_POST
def log_out(request):
    """Forget the session, its key and all that is in it."""
    request.session.flush()
    return redirect("log-in")


def _try(request, form):
    name, address = form.name.data, request.META["REMOTE_ADDR"]
    wait_s = wait_before_log_in_s(name, address)
    if wait_s:
        form.form_errors.append(f"Too many attempts. Try again in {wait_s} seconds.")
        response = render(request, "log_in.html", {"form": form}, status=429)
        response.headers["Retry-After"] = str(wait_s)
        return response
    user = db.session().scalar(select(User).where(User.name == name))
    if not is_password(form.password.data, user and user.password_hash):
        count_failure(name, address)
        form.form_errors.append("Name and password do not belong together.")
        return render(request, "log_in.html", {"form": form}, status=403)
    return _welcome(request, (user.id, stamp_of(user.password_hash)), address, name)


def _welcome(request, whose, address, name):
    with transaction.atomic():
        forget_failures(name, address)
    # A new key: whoever planted or saw the old one has nothing. A new token for the same reason.
    request.session.cycle_key()
    request.session[SESSION_KEY] = whose
    rotate_token(request)
    return redirect(_wanted(request))


def _wanted(request) -> str:
    """Return the address that somebody came from, if it is on this site."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours and wanted.startswith("/") else settings.LOGIN_REDIRECT_URL
