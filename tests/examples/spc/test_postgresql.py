"""The whole site on PostgreSQL: its migrations, every page, what is changed, an import by its own process."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.examples.spc.imports.test_upload import HEADER, followed, upload
from tests.examples.spc.test_limits_page import ENTERED
from tests.examples.spc.test_rules_page import form, open_alarms

from penstock.web import db
from penstock.web.test import Client

PAGES = ("", "charts/1/", "charts/1/points.json", "charts/1/chart.svg", "charts/1/table/", "charts/1/rules/",
         "charts/1/limits/", "alarms/", "imports/", "api/", "api/tokens/", "api/v1/tools/",
         "api/v1/charts/1/",
         "api/v1/parameters/1/subgroups/", "api/v1/alarms/1/", "charts/1/measurements.parquet")  # fmt: skip


def test_site_runs_on_postgresql_from_its_migrations_to_none(
    migrated_postgresql: Callable[..., str],
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert migrated_postgresql("penstock", "makemigrations", "--check") == ""
    engineer = Client(HTTP_HOST="localhost")
    wrong = engineer.post("/log-in/", {"name": "engineer", "password": "wrong"})
    assert wrong.status_code == 403
    assert engineer.post("/log-in/", {"name": "engineer", "password": "engineer"}).status_code == 302
    assert {path: engineer.get(f"/{path}").status_code for path in PAGES} == dict.fromkeys(PAGES, 200)

    assert open_alarms(engineer) == [50]
    engineer.post("/charts/1/rules/", form(engineer) | {"lines-0-sigmas": "0.5"})
    assert len(open_alarms(engineer)) > 3
    assert engineer.post("/charts/1/rules/1/revert/").status_code == 302
    assert engineer.post("/charts/1/limits/", ENTERED).status_code == 302
    assert engineer.post("/alarms/1/", {"note": "cleaned"}).status_code == 302
    assert open_alarms(engineer) == []

    for name, value in {"SPC_DATA": str(tmp_path), "SPC_DATABASE": postgresql_url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PENSTOCK_SETTINGS_MODULE", "spc.settings")
    upload(engineer, HEADER + b"FUR-01,pressure,61,2026-01-01T00:00:00Z,high\n")
    assert followed(lambda: engineer.get("/imports/1/state.json").json())["state"] == "refused"
    upload(engineer, HEADER + b"FUR-01,pressure,61,2026-01-01T00:00:00Z,33.25\n")
    assert followed(lambda: engineer.get("/imports/2/state.json").json())["state"] == "done"
    exported = engineer.get("/charts/2/measurements.csv").getvalue()
    assert exported.endswith(b",61,2026-01-01T00:00:00Z,33.25,1\r\n")

    db.close_sessions()
    migrated_postgresql("penstock", "migrate", "spc", "zero")
    assert sorted(sa.inspect(db.engine()).get_table_names()) == ["alembic_version", "django_session"]
