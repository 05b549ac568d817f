import json
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.doctor_import import report_on


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
    words = [sys.executable, "-P", "-m", "penstock.cli.doctor_import", "said_app"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=30, check=True)
    first, *_, last = ran.stdout.splitlines()
    assert first == "hello"
    assert json.loads(last)["failure"] == ""
    assert "thread" in json.loads(last)["hazards"][0]
