"""Measurements on their way out, and in again."""

import io

import pytest
from pyarrow import parquet
from spc.exports.measurements import _safe

from penstock.web.test import Client


def test_csv_has_the_columns_of_an_import_and_a_line_for_each_measurement(viewer: Client) -> None:
    answer = viewer.get("/charts/1/measurements.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "tool,parameter,subgroup,taken_at,value,size"
    assert lines[1].startswith("FUR-01,thickness,1,2025-10-09T08:53:20Z,9")
    assert len(lines) == 1 + 60 * 5
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fur-01-thickness.csv"'


def test_parquet_holds_the_same(viewer: Client) -> None:
    table = parquet.read_table(io.BytesIO(viewer.get("/charts/1/measurements.parquet").content))
    assert table.num_rows == 300
    assert table.column_names == ["tool", "parameter", "subgroup", "taken_at", "value", "size"]


@pytest.mark.parametrize("form", ["xlsx", "csv/../../etc", ".."])
def test_export_in_another_form_is_a_404(viewer: Client, form: str) -> None:
    assert viewer.get(f"/charts/1/measurements.{form}").status_code == 404


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "\tx"])
def test_name_that_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert _safe(text) == f"'{text}"
