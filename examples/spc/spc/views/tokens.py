"""Somebody's own tokens of the API: made, listed, revoked."""

from penstock.web.db import transaction
from penstock.web.http import Http404
from penstock.web.shortcuts import redirect, render
from penstock.web.views.decorators.cache import never_cache
from penstock.web.views.decorators.http import require_http_methods, require_POST
from spc.account.permission import person_required
from spc.account.token import TooManyTokensError, make_token, revoke_token, tokens_of
from spc.forms.token import TokenForm
from spc.notices import add_notice
from spc.views.found import MAX_ID


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@person_required
def tokens(request):
    """List them, and make another one, which is shown this once."""
    form, made = TokenForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.validate():
        try:
            with transaction.atomic():
                made = make_token(request.user.id, form.name.data)
            form = TokenForm()
        except TooManyTokensError as error:
            form.form_errors.append(f"Not made: {error}.")
    context = {"form": form, "made": made, "tokens": tokens_of(request.user.id)}
    return render(request, "tokens.html", context)


@require_POST
@person_required
def revoke(request, number):
    """Let one be a token no more."""
    with transaction.atomic():
        is_revoked = number <= MAX_ID and revoke_token(request.user.id, number)
    if not is_revoked:
        raise Http404(f"{request.user.name} has no token {number}")
    add_notice(request, "The token is revoked.")
    return redirect("tokens")
