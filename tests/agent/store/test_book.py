import sqlite3

import pytest

from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.agent.store.book import Book

HITS = Family("hits", Kind.COUNTER, "Hits.", "", (Sample((), 5),))


@pytest.fixture
def book(path, machine):
    made = Book(path, 1 << 26, 86400.0, machine.clocks)
    yield made
    made.close()


def rows(path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


def test_what_is_written_is_counted(book, path, trace, change) -> None:
    book.write([change()], [trace()], lambda: [HITS])
    assert (rows(path, "fault"), rows(path, "trace")) == (1, 1)
    assert (book.counts["traces"], book.counts["points"]) == (1, 1)


def test_a_turn_that_fails_leaves_nothing_of_it_behind(book, path, trace, change) -> None:
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book.write([change()], [trace()], fail)
    assert (rows(path, "fault"), rows(path, "trace"), book.counts["traces"]) == (0, 0, 0)


def test_a_point_is_written_when_ten_seconds_have_passed(book, machine) -> None:
    for pause_s in (0, 9, 1):
        machine.pass_s(pause_s)
        book.write([], [], lambda: [HITS])
    assert book.counts["points"] == 2


def test_a_book_that_was_never_open_has_nothing_to_tidy(book, path) -> None:
    book.tidy()
    assert not path.exists()


def test_a_damaged_file_is_put_aside(book, path) -> None:
    book.write([], [], list)
    damage = sqlite3.DatabaseError("database disk image is malformed")
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    book.recover(damage)
    assert [file.name for file in path.parent.iterdir()] == ["store.db.old"]


def test_a_trouble_that_is_no_damage_leaves_the_file(book, path) -> None:
    book.write([], [], list)
    book.recover(OSError("full"))
    assert path.exists()
