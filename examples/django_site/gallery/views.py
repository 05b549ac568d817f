"""The pages: each shows one thing that a server must do well."""

import csv
import hashlib
import logging
import os
import threading
import time

from django.contrib import messages
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from gallery.forms import UploadForm
from gallery.models import StoredFile

logger = logging.getLogger(__name__)
MAX_ROWS = 1_000_000
MAX_SECONDS = 60.0


def answered_by():
    """Say which process and which thread run this view."""
    return f"worker {os.getpid()}, {threading.current_thread().name}"


@require_safe
def start(request):
    """Link to everything, count the visits in the session, tell who answered."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    page = {
        "answered_by": answered_by(),
        "visits": request.session["visits"],
        "stored": StoredFile.objects.count(),
    }
    return render(request, "gallery/start.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def files(request):
    """List the stored files; store one more."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        size, digest = measure(sent)
        StoredFile.objects.create(name=sent.name, file=sent, size=size, sha256=digest)
        messages.success(request, f"{sent.name}: {size} bytes stored by {answered_by()}")
        return redirect("files")
    status = 400 if request.method == "POST" else 200
    page = {"form": form, "files": StoredFile.objects.all()[:100]}
    return render(request, "gallery/files.html", page, status=status)


def measure(file):
    """Return size in bytes and SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return file.size, digest.hexdigest()


@require_safe
def download(request, number):
    """Send a stored file as it was; FileResponse uses wsgi.file_wrapper."""
    stored = get_object_or_404(StoredFile, pk=number)
    return FileResponse(stored.file.open("rb"), as_attachment=True, filename=stored.name)


class _Line:
    """csv wants a file; a generator wants the line back."""

    def write(self, line):
        return line


@require_safe
def report(request):
    """Stream a CSV, 100,000 rows unless ?rows= says otherwise; nothing holds it whole."""
    rows = int(_number(request.GET.get("rows"), 100_000, MAX_ROWS))
    writer = csv.writer(_Line())
    lines = (writer.writerow([row, f"reading {row}", row * row % 9973]) for row in range(1, rows + 1))
    header = writer.writerow(["number", "name", "value"])
    response = StreamingHttpResponse(_batches(header, lines), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="report.csv"'
    return response


def _batches(header, lines, size=500):
    """Join lines: one piece of some 10 KB instead of 500 pieces of 20 bytes."""
    batch = [header]
    for line in lines:
        batch.append(line)
        if len(batch) >= size:
            yield "".join(batch)
            batch.clear()
    yield "".join(batch)


@require_safe
def slow(request):
    """Sleep ?seconds= (1 unless given), as a view that waits for something else."""
    seconds = _number(request.GET.get("seconds"), 1.0, MAX_SECONDS)
    time.sleep(seconds)
    logger.info("slept %s s", seconds)
    return HttpResponse(f"slept {seconds:g} s on {answered_by()}\n", content_type="text/plain")


@require_safe
def error(request):
    """Fail; the visitor gets a plain page, the error log the traceback."""
    raise RuntimeError("this page fails on purpose")


def _number(text, default, maximum):
    try:
        number = float(text)
    except (TypeError, ValueError):
        return default
    return min(max(number, 0.0), maximum) if number == number else default  # noqa: PLR0124 - nan
