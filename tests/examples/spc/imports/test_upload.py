"""The page of imports: uploading, watching, reading what was wrong."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from spc.imports import start
from spc.models import Import, ImportFault, ImportState, now
from sqlalchemy import update

from penstock.web import db
from penstock.web.conf import settings
from penstock.web.core.files.uploadedfile import SimpleUploadedFile
from penstock.web.test import Client

HEADER = b"tool,parameter,subgroup,taken_at,value\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the imports whose process would have been started."""
    numbers: list[int] = []
    monkeypatch.setattr("spc.imports.start.start_import", numbers.append)
    return numbers


def upload(client: Client, content: bytes, name: str = "measured.csv", **options: object):
    return client.post("/imports/", {"file": SimpleUploadedFile(name, content)}, **options)


def test_uploaded_file_waits_for_its_process_and_is_listed(engineer: Client, started: list[int]) -> None:
    answer = upload(engineer, HEADER)
    assert answer.headers["Location"] == "/imports/1/"
    assert started == [1]
    assert start.file_of(1).read_bytes() == HEADER
    assert "measured.csv" in engineer.get("/imports/").text
    assert '<progress id="progress" max="39" value="0"' in engineer.get("/imports/1/").text


def test_process_imports_the_file_and_tells_how_far_it_is(
    engineer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_SETTINGS_MODULE", "spc.settings")
    monkeypatch.setenv("SPC_DATA", str(tmp_path))
    upload(engineer, HEADER + b"FUR-01,pressure,61,2026-01-01T00:00:00Z,92\n")
    state = followed(lambda: engineer.get("/imports/1/state.json").json())
    assert (state["state"], state["row_count"]) == ("done", 1)
    assert "1 measurements are stored" in engineer.get("/imports/1/").text
    assert engineer.get("/api/v1/parameters/2/subgroups/61/").json()["values"] == [92]


def followed(ask: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Ask until it is over; a minute at the most."""
    deadline = time.monotonic() + 60
    while not (state := ask())["is_over"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return state


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "Choose a file"),
        ({"file": SimpleUploadedFile("none.csv", b"")}, "&#39;none.csv&#39; is empty"),
    ],
    ids=["none", "empty"],
)
def test_upload_without_measurements_is_told_at_the_field(
    engineer: Client, started: list[int], files: dict[str, object], message: str
) -> None:
    answer = engineer.post("/imports/", files)
    assert message in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert started == []


def test_upload_that_is_too_large_is_refused_before_it_is_read(
    engineer: Client, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SPC_MAX_UPLOAD_BYTES", 1000)
    answer = upload(engineer, b"x" * 100_000)
    assert answer.status_code == 413
    assert "expected at most 1,000" in answer.text
    by_program = engineer.post("/api/v1/imports/", {"file": SimpleUploadedFile("f", b"x" * 100_000)})
    assert (by_program.status_code, "expected at most" in by_program.json()["error"]) == (413, True)
    assert started == []


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "..\\..\\secret", "a\0b", "<b>.csv"])
def test_name_of_a_file_leads_nowhere_and_is_shown_as_text(
    engineer: Client, started: list[int], name: str
) -> None:
    answer = upload(engineer, HEADER, name)
    if answer.status_code == 302:
        assert start.file_of(started[0]).parent == settings.FILE_UPLOAD_TEMP_DIR
    text = engineer.get("/imports/").text
    assert "<b>" not in text
    assert "etc/" not in text


def test_faults_are_listed_row_by_row_as_text(viewer: Client) -> None:
    session = db.session()
    session.add(
        Import(
            file_name="f",
            size_bytes=1,
            uploaded_by_id=1,
            state=ImportState.REFUSED,
            message="1 of 1 rows are wrong",
        )
    )
    session.flush()
    session.add(
        ImportFault(import_id=1, position=0, row=7, column="value", message="'<script>' is no number")
    )
    session.commit()
    text = viewer.get("/imports/1/").text
    assert "Refused: 1 of 1 rows are wrong. Nothing of this file is stored." in text
    assert '<td class="number">7</td>' in text
    assert "&lt;script&gt;" in text


def test_import_whose_process_is_gone_says_so(engineer: Client, started: list[int]) -> None:
    upload(engineer, HEADER)
    session = db.session()
    session.execute(update(Import).values(moved_at=now() - timedelta(seconds=90)))
    session.commit()
    assert "Nothing has moved for 90 seconds" in engineer.get("/imports/1/").text
