"""What users write passes `mypy --strict`, and what is wrong does not."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".mypy_cache" / "typing"
MYPY = [
    sys.executable,
    "-m",
    "mypy",
    "--strict",
    "--config-file=",
    "--no-error-summary",
    "--cache-dir",
    str(CACHE),
]

MISTAKES = """\
from penstock.web.http import HttpRequest, HttpResponse, JsonResponse
from penstock.web.shortcuts import redirect, render
from penstock.web.urls import include, path, reverse
from penstock.web.views import View
from penstock.web.views.decorators.http import require_GET

path("a/", "view")  # line 7
path("a/", lambda request: HttpResponse(), "name")  # line 8
reverse(kwargs=[1], viewname="a")  # line 9
render("home.html")  # line 10
HttpResponse(status=[200])  # line 11


@require_GET
def view(request: HttpRequest) -> JsonResponse:
    return redirect("a")  # line 16


view(1)  # line 19
View.as_view(1)  # line 20
HttpResponse().nothing  # line 21
include()  # line 22
"""


def mypy(*arguments):
    return subprocess.run([*MYPY, *arguments], capture_output=True, text=True, check=False, cwd=HERE)


@pytest.mark.timeout(300)
def test_code_of_a_typed_site_passes():
    done = mypy(str(HERE / "usage.py"))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.timeout(300)
def test_mistakes_of_a_typed_site_are_found(tmp_path):
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    done = mypy(str(tmp_path / "mistakes.py"))
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert found == {7, 8, 9, 10, 11, 16, 19, 20, 21, 22}, done.stdout
