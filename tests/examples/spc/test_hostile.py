"""What somebody who means harm sends."""

import re

import pytest
from spc.models import Chart

from penstock.web import db
from penstock.web.test import Client

SCRIPT = "<script>alert(1)</script>"
PAGES = ["/", "/charts/1/", "/charts/1/table/", "/charts/1/rules/", "/charts/1/limits/", "/alarms/?state=all",
         "/alarms/1/", "/imports/", "/api/"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_text_from_the_database_never_becomes_markup(engineer: Client, path: str) -> None:
    chart = db.session().get_one(Chart, 1)
    chart.parameter.name = f"{SCRIPT}\"'></title>"[:50]
    chart.parameter.tool.name = SCRIPT
    chart.parameter.unit = "<b onload=x>"
    db.session().commit()
    assert "<script>alert" not in engineer.get(path).text
    assert "<b onload" not in engineer.get(path).text


def test_note_and_remark_never_become_markup(engineer: Client) -> None:
    engineer.post("/alarms/1/", {"note": SCRIPT})
    assert SCRIPT not in engineer.get("/alarms/?state=all").text


@pytest.mark.parametrize("path", [*PAGES, "/log-in/", "/nothing-here"])
def test_page_carries_a_policy_and_no_script_of_its_own(engineer: Client, path: str) -> None:
    answer = engineer.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", answer.text)


@pytest.mark.parametrize(
    "path",
    ["/charts/1%20OR%201=1/", "/charts/-1/", "/charts/1'/", "/static/../settings.py",
     "/static/%2e%2e/settings.py",
     "/charts/1/..%2f..%2fsecret-key", "/imports/../../etc/passwd"],
)  # fmt: skip
def test_address_that_reaches_for_something_else_is_a_404(engineer: Client, path: str) -> None:
    assert engineer.get(path).status_code == 404


def test_unknown_host_is_refused(engineer: Client) -> None:
    assert engineer.get("/", HTTP_HOST="evil.example").status_code == 400


def test_fault_of_the_site_shows_nothing_of_it(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.views.overview._cards", lambda: 1 / 0)
    engineer.raise_request_exception = False
    answer = engineer.get("/")
    assert answer.status_code == 500
    assert "A fault of this site" in answer.text
    assert "ZeroDivision" not in answer.text
