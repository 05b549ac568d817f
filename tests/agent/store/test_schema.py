import sqlite3
import stat

import pytest

from penstock.agent.store.schema import (
    VERSION,
    StoreError,
    is_damaged,
    open_for_reading,
    open_for_writing,
    put_aside,
)

TABLES = {"about", "series", "point", "trace", "fault"}


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith("sqlite_")}


def test_a_new_store_has_its_tables_and_is_not_everybodys_to_read(path, connection) -> None:
    assert tables(connection) == TABLES
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0


def test_a_store_is_known_by_its_mark_before_anything_was_moved_out_of_the_log(path, connection) -> None:
    open_for_writing(path).close()
    assert path.read_bytes()[68:72] == b"PENS"


def test_what_was_written_is_there_when_it_is_opened_again(path, connection) -> None:
    connection.execute("INSERT INTO about VALUES (1, 2.0, 'boot', 3.0, 4.0)")
    connection.close()
    assert open_for_writing(path).execute("SELECT position_s FROM about").fetchone() == (2.0,)
    assert open_for_reading(path).execute("SELECT position_s FROM about").fetchone() == (2.0,)


def test_an_empty_file_is_taken(path) -> None:
    path.touch()
    assert tables(open_for_writing(path)) == TABLES


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_store_of_another_version_is_put_aside(path, connection, version) -> None:
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(StoreError, match=f"has version {version}; expected {VERSION}"):
        open_for_reading(path)
    assert tables(open_for_writing(path)) == TABLES
    old = sqlite3.connect(f"{path}.old")
    assert old.execute("PRAGMA user_version").fetchone() == (version,)


def test_a_damaged_store_is_put_aside(path, connection) -> None:
    connection.close()
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    assert tables(open_for_writing(path)) == TABLES
    assert (path.parent / "store.db.old").read_bytes() == content


def make_database(path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    other.close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.write_text("bind = []\n"), id="text"),
        pytest.param(make_database, id="another-programs-database"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
    ],
)
def test_what_is_no_store_is_never_touched(path, make) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for opener in (open_for_writing, open_for_reading):
        with pytest.raises(StoreError, match="no store of Penstock's"):
            opener(path)
    assert before is None or path.read_bytes() == before
    assert not (path.parent / "store.db.old").exists()


def test_a_store_that_is_not_there_cannot_be_read(path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        open_for_reading(path)
    assert not path.exists()


def test_a_damaged_store_cannot_be_read(path, connection) -> None:
    connection.close()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="cannot be read"):
        open_for_reading(path)


def test_readers_cannot_write(path, connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        open_for_reading(path).execute("DELETE FROM fault")


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        open_for_writing(tmp_path / "none" / "store.db")


def test_putting_aside_takes_the_journal_along_and_replaces_the_one_before(path, tmp_path) -> None:
    (tmp_path / "store.db.old").write_text("older")
    path.write_text("old")
    (tmp_path / "store.db-wal").write_text("log")
    put_aside(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["store.db.old"]
    assert (tmp_path / "store.db.old").read_text() == "old"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_VTAB, True),
        (sqlite3.SQLITE_NOTADB, True),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_BUSY, False),
    ],
)
def test_damage_is_told_from_what_passes(code, expected) -> None:
    error = sqlite3.DatabaseError("x")
    error.sqlite_errorcode = code
    assert is_damaged(error) is expected
