import json
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.doctor.imported import report_on


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_import_that_is_well_is_measured(folder: Path) -> None:
    (folder / "well_app.py").write_text("def application(environ, start_response): return []\n")
    report = report_on("well_app")
    assert report.failure == ""
    assert report.took_s >= 0
    assert report.resident_bytes > 1 << 20


def test_import_that_fails_says_why_in_a_line(folder: Path) -> None:
    assert "no_such_app" in report_on("no_such_app").failure


def test_report_is_the_last_line_and_threads_do_not_hold_it_up(folder: Path) -> None:
    (folder / "said_app.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "print('hello')\n"
        "def application(environ, start_response): return []\n"
    )
    words = [sys.executable, "-P", "-m", "penstock.cli.doctor.imported", "said_app"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=30, check=True)
    first, *_, last = ran.stdout.splitlines()
    assert first == "hello"
    assert json.loads(last)["failure"] == ""
    assert "thread" in json.loads(last)["hazards"][0]


SITE = """\
from penstock.web.conf import settings
settings.configure(SECRET_KEY="x", DATABASES={databases!r})
def application(environ, start_response): return []
"""


def databases_of(folder: Path, databases: dict) -> list[dict]:
    (folder / "web_app.py").write_text(SITE.format(databases=databases))
    words = [sys.executable, "-P", "-m", "penstock.cli.doctor.imported", "web_app"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=30, check=True)
    return json.loads(ran.stdout.splitlines()[-1])["databases"]


def test_databases_of_a_site_are_asked(folder: Path) -> None:
    assert databases_of(folder, {"default": {"URL": "sqlite:///a.db", "MAX_CONNECTIONS": 20}}) == [
        {"alias": "default", "budget": 20, "max_connections": None, "failure": ""}
    ]


def test_database_that_cannot_be_asked_is_told_in_a_line(folder: Path) -> None:
    (report,) = databases_of(folder, {"default": {"URL": "postgresql://me@127.0.0.1:9/x"}})
    assert "127.0.0.1" in report["failure"]
    assert "\n" not in report["failure"]


def test_database_that_is_written_wrongly_is_told(folder: Path) -> None:
    (report,) = databases_of(folder, {"default": {"ATOMIC_REQUEST": True}})
    assert "has 'ATOMIC_REQUEST'; expected 'ATOMIC_REQUESTS'" in report["failure"]


def test_site_without_databases_reports_none(folder: Path) -> None:
    assert databases_of(folder, {}) == []
