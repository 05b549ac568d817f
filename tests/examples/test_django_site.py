"""The Django example by itself, without a server: what it promises on its start page.

It runs in a process of its own, because Django can be configured only once in a process.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).parents[2] / "examples" / "django_site"

VISIT = """
import json
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

client = Client(HTTP_HOST="127.0.0.1:8000", raise_request_exception=False)
seen = {}

def visit(name, response):
    body = b"".join(response.streaming_content) if response.streaming else response.content
    seen[name] = {"status": response.status_code, "text": body.decode(), "headers": dict(response.headers)}

visit("start", client.get("/"))
visit("again", client.get("/"))
visit("empty", client.post("/files/", {}))
visit("upload", client.post("/files/", {"file": SimpleUploadedFile("a.txt", b"hello " * 1000)}, follow=True))
visit("download", client.get("/files/1/"))
visit("report", client.get("/report.csv", {"rows": "1200"}))
visit("slow", client.get("/slow/", {"seconds": "0.01"}))
visit("odd", client.get("/slow/", {"seconds": "-1"}))
visit("error", client.get("/error/"))
visit("admin", client.get("/admin/", follow=True))
client.login(username="admin", password="admin")
visit("list", client.get("/admin/gallery/storedfile/"))
visit("style", client.get("/static/admin/css/base.css"))
print("SEEN " + json.dumps(seen))
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("django_site")


@pytest.fixture(scope="session")
def seen(data: Path) -> dict[str, Any]:
    """Name of a visit -> status, text, headers."""
    manage(data, "prepare")
    manage(data, "prepare")  # the second `make run` finds everything there
    output = manage(data, "shell", "--verbosity", "0", "--command", VISIT)
    return json.loads(re.search("SEEN (.*)", output)[1])


def manage(data: Path, *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    environment = os.environ | {"DEMO_DATA": str(data)}
    return subprocess.run(
        command, cwd=SITE, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_models_and_migrations_agree(data: Path) -> None:
    assert "No changes" in manage(data, "makemigrations", "--check", "--dry-run")


def test_start_page_tells_who_answered_and_links_everything(seen: dict[str, Any]) -> None:
    text = seen["start"]["text"]
    assert re.search(r'id="answered-by">worker \d+, \w+', text)
    links = set(re.findall(r'href="([^"]+)"', text))
    assert links == {"/admin/", "/files/", "/report.csv", "/slow/?seconds=2", "/error/"}


def test_visits_are_counted_in_the_session(seen: dict[str, Any]) -> None:
    assert 'id="visits">1<' in seen["start"]["text"]
    assert 'id="visits">2<' in seen["again"]["text"]


def test_uploaded_file_is_listed_with_size_and_digest(seen: dict[str, Any], data: Path) -> None:
    text = seen["upload"]["text"]
    assert hashlib.sha256(b"hello " * 1000).hexdigest() in text
    assert '<td class="number">6000</td>' in text
    (stored,) = (data / "uploads").rglob("*.txt")
    assert stored.read_bytes() == b"hello " * 1000


def test_upload_without_a_file_is_refused(seen: dict[str, Any]) -> None:
    assert seen["empty"]["status"] == 400


def test_stored_file_comes_back_as_it_was(seen: dict[str, Any]) -> None:
    assert seen["download"]["text"] == "hello " * 1000
    assert 'filename="a.txt"' in seen["download"]["headers"]["Content-Disposition"]


def test_report_has_a_header_and_the_rows_that_were_asked_for(seen: dict[str, Any]) -> None:
    lines = seen["report"]["text"].splitlines()
    assert lines[0] == "number,name,value"
    assert [line.split(",")[0] for line in lines[1:]] == [str(number) for number in range(1, 1201)]


def test_slow_page_sleeps_as_told_and_never_a_negative_time(seen: dict[str, Any]) -> None:
    assert seen["slow"]["text"].startswith("slept 0.01 s on worker ")
    assert seen["odd"]["text"].startswith("slept 0 s on worker ")


def test_failing_page_is_a_500_that_shows_nothing(seen: dict[str, Any]) -> None:
    assert seen["error"]["status"] == 500
    assert "on purpose" not in seen["error"]["text"]


def test_admin_asks_for_a_login_and_then_lists_the_files(seen: dict[str, Any]) -> None:
    assert 'name="password"' in seen["admin"]["text"]
    assert "a.txt" in seen["list"]["text"]


def test_style_of_the_admin_is_served_with_debug_off(seen: dict[str, Any]) -> None:
    assert seen["style"]["status"] == 200
    assert seen["style"]["headers"]["Content-Type"].startswith("text/css")
