"""Files of measurements on their way in: stored whole, or refused with reasons."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from spc.imports import columns, fault, parquet_file, rows
from spc.imports.process import run_import
from spc.imports.start import file_of
from spc.models import (
    Alarm,
    Chart,
    Import,
    ImportFault,
    ImportState,
    Measurement,
    Parameter,
    StagedMeasurement,
)
from sqlalchemy import func, select

from penstock.web import db

HEADER = "tool,parameter,subgroup,taken_at,value\n"
Importer = Callable[[bytes | str], Import]


@pytest.fixture
def imported(database: None) -> Importer:
    """`imported(content)` runs an import to its end."""

    def run(content: bytes | str) -> Import:
        content = content.encode() if isinstance(content, str) else content
        session = db.session()
        made = Import(file_name="file", size_bytes=len(content), uploaded_by_id=1)
        session.add(made)
        session.commit()
        number = made.id
        file_of(number).write_bytes(content)
        run_import(number)
        assert not file_of(number).exists()
        return session.get_one(Import, number, populate_existing=True)

    return run


def subgroup(number: int, values: list[float | str], parameter: str = "thickness") -> str:
    return "".join(f"FUR-01,{parameter},{number},2026-01-01T00:00:00Z,{value}\n" for value in values)


def stored_count() -> int:
    return db.session().scalar(select(func.count()).select_from(Measurement))


def faults_of(found: Import) -> list[tuple[int, str, str]]:
    query = select(ImportFault).where(ImportFault.import_id == found.id).order_by(ImportFault.position)
    return [(each.row, each.column, each.message) for each in db.session().scalars(query)]


GOOD = HEADER + subgroup(61, [92, 92.1, 91.9, 92, 92]) + subgroup(62, [97, 97, 97, 97, 97])


def test_right_file_is_stored_and_judged(imported: Importer) -> None:
    version = db.session().get_one(Chart, 1).version
    found = imported(GOOD)
    assert (found.state, found.row_count, found.message) == (ImportState.DONE, 10, "")
    parameter = db.session().get_one(Parameter, 1, populate_existing=True)
    assert parameter.last_number == 62
    assert parameter.charts[0].version > version
    alarm = db.session().scalar(select(Alarm).where(Alarm.chart_id == 1, Alarm.number == 62))
    assert alarm.rules.split()[0] == "WE1"
    assert db.session().scalar(select(func.count()).select_from(StagedMeasurement)) == 0


def test_counts_come_with_the_number_of_inspected_pieces(imported: Importer) -> None:
    found = imported(
        "tool,parameter,subgroup,taken_at,value,size\nFUR-01,scratches,61,2026-01-01T00:00:00Z,7,100\n"
    )
    assert found.state is ImportState.DONE


def test_columns_may_stand_in_any_order_with_others_between(imported: Importer) -> None:
    text = "note,value,tool,subgroup,taken_at,parameter\n,33.3,FUR-01,61,2026-01-01T01:00:00+01:00,pressure\n"
    assert imported(text).state is ImportState.DONE


def test_byte_order_mark_and_empty_lines_are_no_fault(imported: Importer) -> None:
    text = "\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n\r\n"
    found = imported(text)
    assert (found.state, faults_of(found)) == (ImportState.DONE, [])


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("FUR-01,pressure,61,2026-01-01T00:00:00Z,x", "value", "'x'; expected a number"),
        ("FUR-01,pressure,61,2026-01-01T00:00:00Z,", "value", "nothing; expected a number"),
        ("FUR-01,pressure,61,2026-01-01T00:00:00Z,nan", "value", "nan is not finite"),
        ("FUR-01,pressure,61,2026-01-01T00:00:00Z,1e999", "value", "inf is not finite"),
        ("FUR-01,pressure,61,2026-01-01T00:00:00Z,-1e308", "value", "-1e+308 is more than 1e+100"),
        ("FUR-01,pressure,61,0000-01-01T00:00:00Z,1", "taken_at", "not within the years 1970 to 9999"),
        ("FUR-01,pressure,61,9999-12-31T23:59:59-12:00,1", "taken_at", "not within the years 1970 to 9999"),
        ("FUR-01,pressure,1.5,2026-01-01T00:00:00Z,1", "subgroup", "'1.5'; expected a whole number"),
        ("FUR-01,pressure,0,2026-01-01T00:00:00Z,1", "subgroup", "0 is not within 1 to 2147483647"),
        ("FUR-01,pressure,61,yesterday,1", "taken_at", "'yesterday'; expected a moment"),
        ("FUR-01,pressure,61,2026-01-01T00:00:00,1", "taken_at", "expected a moment such as"),
        ("FUR-01,humour,61,2026-01-01T00:00:00Z,1", "parameter", "tool 'FUR-01' has no parameter 'humour'"),
        ("FUR-01,pressure,60,2026-01-01T00:00:00Z,1", "subgroup", "subgroup 60 comes after 60"),
        ("FUR-01,scratches,61,2026-01-01T00:00:00Z,1", "size", "is missing"),
        ("FUR-01,pressure,61", "", "3 fields; expected 5"),
        ("'; DROP TABLE measurements; --,x,1,2026-01-01T00:00:00Z,1", "parameter", "has no parameter 'x'"),
    ],
)  # fmt: skip
def test_wrong_row_is_named_and_nothing_of_the_file_is_stored(
    imported: Importer, line: str, column: str, message: str
) -> None:
    before = stored_count()
    found = imported(HEADER + subgroup(61, [92] * 5) + line + "\n" + subgroup(62, [92] * 5))
    assert found.state is ImportState.REFUSED
    assert found.message.startswith("1 of 1")
    ((row, wrong_column, told),) = faults_of(found)
    assert (row, wrong_column) == (7, column)
    assert message in told
    assert stored_count() == before
    assert db.session().scalar(select(func.count()).select_from(StagedMeasurement)) == 0


@pytest.mark.parametrize(
    ("value", "size", "message"),
    [
        ("7", "0", "0 is not within 1 to 2147483647"),
        ("7", "2147483648", "is not within 1 to 2147483647"),
        ("-1", "100", "-1 is not a count"),
        ("1.5", "100", "1.5 is not a count"),
        ("101", "100", "101 is more than were inspected"),
        ("1", "many", "'many'; expected a whole number"),
    ],
)
def test_count_that_is_none_is_refused(imported: Importer, value: str, size: str, message: str) -> None:
    row = f"FUR-01,scratches,61,2026-01-01T00:00:00Z,{value},{size}\n"
    text = HEADER.replace("value", "value,size") + row
    ((_row, _column, told),) = faults_of(imported(text))
    assert message in told


def test_rows_after_one_with_too_many_fields_keep_their_numbers(imported: Importer) -> None:
    text = HEADER + "a,b,c,d,e,f\n" + "a,b\n" + subgroup(61, ["x"], "pressure")
    assert [row for row, _column, _message in faults_of(imported(text))] == [2, 3, 4]


def test_subgroup_that_a_batch_cuts_in_two_is_one(
    imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table(
        {
            "tool": ["FUR-01"] * 50,
            "parameter": ["thickness"] * 50,
            "subgroup": np.repeat(np.arange(61, 71), 5),
            "taken_at": pa.array(np.repeat(np.arange(10), 5)).cast(pa.timestamp("s")),
            "value": np.linspace(91, 92, 50),
        }
    )
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    monkeypatch.setattr(parquet_file, "BATCH_ROWS", 7)
    found = imported(buffer.getvalue())
    assert (found.state, found.row_count) == (ImportState.DONE, 50)
    measured = select(Measurement.value).where(Measurement.parameter_id == 1, Measurement.number > 60)
    ordered = measured.order_by(Measurement.number, Measurement.position)
    assert db.session().scalars(ordered).all() == pytest.approx(np.linspace(91, 92, 50))


def test_subgroup_with_too_few_measurements_is_named_by_its_first_row(imported: Importer) -> None:
    found = imported(HEADER + subgroup(61, [92] * 5) + subgroup(62, [92] * 4) + subgroup(63, [92] * 6))
    assert faults_of(found) == [
        (7, "subgroup", "subgroup 62 has 4 right measurements; expected 5"),
        (11, "subgroup", "subgroup 63 has 6 right measurements; expected 5"),
    ]


def test_subgroup_that_comes_twice_in_a_file_is_refused(imported: Importer) -> None:
    text = HEADER + subgroup(61, [92] * 5) + subgroup(62, [92] * 5) + subgroup(61, [92] * 5)
    ((row, _column, message),) = faults_of(imported(text))
    assert (row, message) == (12, "subgroup 61 comes after 62; expected ascending numbers")


def test_file_that_is_imported_twice_is_refused_the_second_time(imported: Importer) -> None:
    imported(GOOD)
    before = stored_count()
    assert imported(GOOD).state is ImportState.REFUSED
    assert stored_count() == before


def test_reading_ends_where_a_thousand_rows_are_wrong(imported: Importer) -> None:
    found = imported(HEADER + "a,b,1,x,y\n" * 5000)
    assert found.message == "1000 rows are wrong, and the rest was not read"
    assert found.fault_count == fault.MAX_KEPT


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * 10_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'tool'"),
        (HEADER.encode(), "no measurements; expected rows below the header"),
        (b"a,b\n1,2\n", "no column 'tool'"),
        (HEADER.replace("value", "value,value").encode(), "column 'value' is there 2 times"),
        (",".join(f"c{n}" for n in range(5000)).encode(), "5,000 columns; expected at most 20"),
        (b"x" * 200_000, "the first line is longer than 65,536 bytes"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "the first line is not UTF-8: byte 0xff"),
        (GOOD.encode() + b"FUR-01,press\xe9e,1,x,1\n", "row 12 is not UTF-8: byte 0xe9"),
        (GOOD.encode() + b"\xc3", "the file ends in the middle of a character"),
        (HEADER.encode() + b"a" * 5_000_000, "not a CSV file"),
        (GOOD.replace("\n", "\r").encode(), "expected lines that end with LF or CRLF"),
        (zipped(), "it is a ZIP archive"),
        (gzip.compress(b"0" * 10_000_000), "it is a gzip archive"),
        (b"PAR1" + b"\0" * 100, "not a Parquet file"),
        (b"PAR1" + b"\xff" * 50 + b"PAR1", "not a Parquet file"),
    ],
    ids=["empty", "header-alone", "other-columns", "column-twice", "thousands-of-columns", "no-line-end",
         "utf-16", "latin-1", "cut-character", "endless-line", "carriage-returns", "zip", "gzip",
         "cut-parquet", "parquet-without-contents"],
)  # fmt: skip
def test_file_that_cannot_be_measurements_is_refused_with_a_reason(
    imported: Importer, content: bytes, message: str
) -> None:
    found = imported(content)
    assert found.state is ImportState.REFUSED
    assert message in found.message


def test_parquet_that_unpacks_to_more_than_is_taken_is_refused_unread(
    imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "MAX_UNPACKED_BYTES", 10_000_000)
    count = 1000
    table = pa.table(
        {
            "tool": ["x" * 20_000] * count,
            "parameter": ["pressure"] * count,
            "subgroup": np.arange(count),
            "taken_at": pa.array(np.arange(count)).cast(pa.timestamp("s")),
            "value": np.zeros(count),
        }
    )
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd", use_dictionary=False)
    assert len(buffer.getvalue()) < 100_000
    assert "it unpacks to 20," in imported(buffer.getvalue()).message


def test_parquet_of_another_type_is_refused(imported: Importer) -> None:
    table = pa.table(dict.fromkeys(columns.REQUIRED, pa.array([[1]], pa.list_(pa.int64()))))
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    assert "column 'tool' is of type list<" in imported(buffer.getvalue()).message


def parquet_of(**changed: pa.Array) -> bytes:
    """Subgroup 61 of `pressure`, one column perhaps another."""
    table = {
        "tool": pa.array(["FUR-01"]),
        "parameter": pa.array(["pressure"]),
        "subgroup": pa.array([61]),
        "taken_at": pa.array([1_780_000_000], pa.timestamp("s", "UTC")),
        "value": pa.array([92.0]),
    }
    buffer = io.BytesIO()
    parquet.write_table(pa.table(table | changed), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "taken_at",
    [pa.array([2**62], pa.timestamp("ms", "UTC")), pa.array([-(2**62)], pa.timestamp("us", "UTC"))],
    ids=["beyond-microseconds", "before-the-year-1"],
)
def test_moment_that_nobody_could_show_is_a_fault_of_its_row(imported: Importer, taken_at: pa.Array) -> None:
    ((row, column, _message),) = faults_of(imported(parquet_of(taken_at=taken_at)))
    assert (row, column) == (1, "taken_at")


def test_nanoseconds_of_a_parquet_file_are_cut_off(imported: Importer) -> None:
    taken_at = pa.array([1_780_000_000_000_000_001], pa.timestamp("ns", "UTC"))
    assert imported(parquet_of(taken_at=taken_at)).state is ImportState.DONE


def test_parquet_whose_text_is_not_utf_8_is_refused(imported: Importer) -> None:
    offsets = pa.py_buffer(np.array([0, 2], dtype=np.int32))
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff\xfe")])
    assert "Invalid UTF8 sequence" in imported(parquet_of(tool=text)).message


def test_row_with_several_faults_counts_once_and_one_that_was_not_read_counts(imported: Importer) -> None:
    text = HEADER + "FUR-01,humour,x,yesterday,y\n" + "a,b\n"
    assert imported(text).message == "2 of 2 rows are wrong"


def test_row_of_an_unknown_parameter_is_not_asked_for_a_size(imported: Importer) -> None:
    text = HEADER.replace("value", "value,size") + "FUR-01,humour,61,2026-01-01T00:00:00Z,1,\n"
    assert [column for _row, column, _message in faults_of(imported(text))] == ["parameter"]


def test_more_rows_than_a_file_may_have_are_refused(
    imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_ROWS", 9)
    assert imported(GOOD).message == "more than 9 rows; expected at most so many"


def test_two_imports_of_the_same_subgroups_store_one_of_them(
    imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is stored after this one has been checked, and before it is stored."""
    from spc.imports import process  # noqa: PLC0415 - the module whose name is replaced

    store, is_first = process.store, [True]

    def store_after_another(number: int) -> None:
        if is_first.pop():
            db.session().execute(Parameter.__table__.update().where(Parameter.id == 1).values(last_number=61))
        store(number)

    monkeypatch.setattr(process, "store", store_after_another)
    assert "has been stored by another import meanwhile" in imported(GOOD).message


def test_mistake_of_the_site_is_not_blamed_on_the_file(
    imported: Importer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from spc.imports import process  # noqa: PLC0415 - the module whose name is replaced

    monkeypatch.setattr(process, "store", lambda number: 1 / 0)
    before = stored_count()
    found = imported(GOOD)
    assert found.message == "a mistake of this site; its log says more"
    assert "ZeroDivisionError" in caplog.text
    assert stored_count() == before


def test_file_is_gone_however_its_import_ended(imported: Importer) -> None:
    found = imported(b"nothing")
    assert not Path(file_of(found.id)).exists()
