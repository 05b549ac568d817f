import gzip

import pytest

from penstock.agent.logs.reading.follower import Follower
from penstock.agent.logs.reading.line import Grammar
from penstock.agent.logs.reading.query import Query
from penstock.agent.logs.reading.shelf import Shelf


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def follow(path):
    made = []

    def make():
        shelf = Shelf(path, Grammar())
        follower = Follower(shelf, Query())
        shelf.close()
        made.append(follower)
        return follower

    yield make
    for follower in made:
        follower.close()


def append(path, text):
    with path.open("ab") as file:
        file.write(text)


def look(follower, times=2):
    """A look that finds a last entry, and one that finds no more of it."""
    return [entry.text for _ in range(times) for entry in follower.read()]


def test_what_was_there_is_not_read(path, follow):
    path.write_bytes(b"old\n")
    follower = follow()
    append(path, b"new\n")
    assert look(follower) == ["new\n"]
    assert look(follower) == []


def test_a_line_is_read_when_it_is_whole(path, follow):
    path.write_bytes(b"")
    follower = follow()
    append(path, b"one\nha")
    assert look(follower, 3) == ["one\n"]
    append(path, b"lf\n")
    assert look(follower) == ["half\n"]


def test_lines_that_belong_together_stay_together(path, follow):
    path.write_bytes(b"")
    follower = follow()
    append(path, b"one\n")
    assert look(follower, 1) == []
    append(path, b"  | of one\ntwo\n")
    assert look(follower) == ["one\n  | of one\n", "two\n"]


def test_a_file_that_is_not_there_is_read_when_it_is(path, follow):
    follower = follow()
    assert look(follower) == []
    path.write_bytes(b"one\n")
    assert look(follower) == ["one\n"]


def test_a_file_moved_away_is_read_to_its_end_before_the_new_one(path, follow):
    path.write_bytes(b"old\n")
    follower = follow()
    append(path, b"one\n")
    path.rename(path.with_name("access.log.20261120T000000+0000"))
    assert look(follower) == ["one\n"]
    append(path.with_name("access.log.20261120T000000+0000"), b"two\n")
    path.write_bytes(b"three\n")
    assert look(follower) == ["two\n", "three\n"]


def test_files_rotated_twice_between_two_looks_are_all_read(path, follow):
    path.with_name("access.log.20261119T000000+0000.gz").write_bytes(gzip.compress(b"older\n"))
    path.write_bytes(b"old\n")
    follower = follow()
    append(path, b"one\n")
    path.unlink()  # compressed and removed: our descriptor still has it
    path.with_name("access.log.20261120T000000+0000.gz").write_bytes(gzip.compress(b"old\none\n"))
    path.with_name("access.log.20261121T000000+0000.gz").write_bytes(gzip.compress(b"two\n"))
    path.with_name("access.log.20261122T000000+0000").write_bytes(b"three\n")
    path.write_bytes(b"four\n")
    assert look(follower) == ["one\n", "two\n", "three\n", "four\n"]


def test_files_rotated_before_the_first_was_seen_are_all_read(path, follow):
    follower = follow()
    path.with_name("access.log.20261121T000000+0000").write_bytes(b"one\n")
    path.write_bytes(b"two\n")
    assert look(follower) == ["one\n", "two\n"]


def test_a_file_that_logrotate_moved_is_followed(path, follow):
    path.write_bytes(b"old\n")
    follower = follow()
    append(path, b"one\n")
    path.rename(path.with_name("access.log.1"))
    path.write_bytes(b"two\n")
    assert look(follower) == ["one\n", "two\n"]


def test_a_file_truncated_in_its_place_is_read_from_its_beginning(path, follow):
    path.write_bytes(b"old lines that are long\n")
    follower = follow()
    path.write_bytes(b"one\n")
    assert look(follower) == ["one\n"]


def test_only_what_is_asked_for_is_read(path):
    path.write_bytes(b"")
    shelf = Shelf(path, Grammar())
    follower = Follower(shelf, Query(request="1f3a"))
    shelf.close()
    append(path, b'{"penstock.request_id":"x"}\n{"penstock.request_id":"1f3a"}\n')
    assert look(follower) == ['{"penstock.request_id":"1f3a"}\n']
    follower.close()


def test_a_line_without_end_is_not_kept_for_ever(path, follow, monkeypatch):
    monkeypatch.setattr("penstock.agent.logs.reading.follower.MAX_REST_BYTES", 100)
    monkeypatch.setattr("penstock.agent.logs.reading.follower.BLOCK_BYTES", 60)
    path.write_bytes(b"")
    follower = follow()
    append(path, b"x" * 1000)
    assert look(follower)
    assert len(follower._rest) <= 100


def test_a_rotation_while_the_new_file_is_opened_is_neither_missed_nor_read_twice(path, follow, monkeypatch):
    path.write_bytes(b"old\n")
    follower = follow()
    append(path, b"one\n")
    path.rename(path.with_name("access.log.20261120T000000+0000"))
    path.write_bytes(b"two\n")
    listed = follower._archive.entries

    def rotate_and_list():
        if path.read_bytes() == b"two\n":
            path.rename(path.with_name("access.log.20261121T000000+0000"))
            path.write_bytes(b"three\n")
        return listed()

    monkeypatch.setattr(follower._archive, "entries", rotate_and_list)
    assert look(follower) == ["one\n", "two\n", "three\n"]
