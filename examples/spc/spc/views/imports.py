"""Imports: a file is uploaded, its progress is watched, its faults are read."""

from sqlalchemy import select

from penstock.web.conf import settings
from penstock.web.http import JsonResponse
from penstock.web.shortcuts import redirect, render
from penstock.web.views.decorators.cache import never_cache
from penstock.web.views.decorators.http import require_http_methods, require_safe
from spc.account.permission import engineer_required, viewer_required
from spc.forms.upload import UploadForm
from spc.imports.start import begin_import
from spc.models import Import, ImportFault, ImportState, now
from spc.pages import page_of
from spc.views.found import found_import

COLUMNS = ("tool", "parameter", "subgroup", "taken_at", "value", "size")
STALLED_S = 60


@require_http_methods(["GET", "HEAD", "POST"])
@viewer_required
def imports(request):
    """All imports, and the form for another one."""
    return _upload(request) if request.method == "POST" else _list(request, UploadForm())


@engineer_required
def _upload(request):
    form = UploadForm(request.FILES)
    if not form.validate():
        return _list(request, form)
    return redirect("import", begin_import(form.file.data, request.user.id))


def _list(request, form):
    page = page_of(select(Import).order_by(Import.id.desc()), request.GET.get("page"))
    context = {"form": form, "page": page, "columns": COLUMNS, "max_bytes": settings.SPC_MAX_UPLOAD_BYTES}
    return render(request, "imports.html", context)


@never_cache
@require_safe
@viewer_required
def one_import(request, number):
    """How an import goes, or went."""
    shown = found_import(number)
    faults = select(ImportFault).where(ImportFault.import_id == number).order_by(ImportFault.position)
    page = page_of(faults, request.GET.get("page"), rows=200)
    return render(request, "import.html", {"found": shown, "page": page, "told": told(shown)})


@never_cache
@require_safe
@viewer_required
def import_state(request, number):
    """How far an import is, for the bar on its page."""
    shown = found_import(number)
    state = {
        "state": str(shown.state),
        "is_over": shown.is_over,
        "read_bytes": shown.read_bytes,
        "size_bytes": shown.size_bytes,
        "row_count": shown.row_count,
        "told": told(shown),
    }
    return JsonResponse(state)


def told(shown: Import) -> str:
    """Say in a sentence how an import goes."""
    still_s = (now() - shown.moved_at).total_seconds()
    if not shown.is_over and still_s > STALLED_S:
        return f"Nothing has moved for {still_s:.0f} seconds; its process seems to be gone. Upload it again."
    match shown.state:
        case ImportState.WAITING:
            return "Waiting for its process."
        case ImportState.READING:
            return f"Checked {shown.row_count:,} rows."
        case ImportState.STORING:
            return f"All {shown.row_count:,} rows are right; storing them."
    return f"{shown.row_count:,} rows."
