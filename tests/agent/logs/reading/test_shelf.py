import gzip
import os

import pytest

from penstock.agent.logs.reading.line import Grammar
from penstock.agent.logs.reading.query import Query
from penstock.agent.logs.reading.shelf import Shelf, rotated_paths

ALL = Query()
NAMES = [  # oldest first
    "access.log-20261101.gz",
    "access.log-20261102",
    "access.log.12.gz",
    "access.log.2.gz",
    "access.log.1",
    "access.log.20261120T000000+0100.gz",
    "access.log.20261121T000000+0100",
    "access.log",
]


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        text = f"{name}\n".encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    for other in ("access.log.bak", "access.log.gz", "access.log~", "access.logs.1", "access.log.1.gz.part"):
        (tmp_path / other).write_bytes(b"other\n")
    return tmp_path


@pytest.fixture
def open_shelf(folder):
    opened = []

    def make(name="access.log"):
        shelf = Shelf(folder / name, Grammar())
        opened.append(shelf)
        return shelf

    yield make
    for shelf in opened:
        shelf.close()


def names(found):
    return [entry.text.strip() for entry in found]


def test_files_of_a_log_are_read_oldest_first(open_shelf):
    assert names(open_shelf().entries(ALL)) == NAMES


@pytest.mark.parametrize("count", [1, 2, 5, 8, 20])
def test_the_last_entries_come_from_as_many_files_as_it_takes(open_shelf, count):
    assert names(open_shelf().last_entries(ALL, count)) == NAMES[-count:]


def test_a_log_that_is_not_there_yet_has_its_rotated_files(open_shelf, folder):
    (folder / "access.log").unlink()
    shelf = open_shelf()
    assert names(shelf.entries(ALL)) == NAMES[:-1]
    assert names(shelf.last_entries(ALL, 1)) == NAMES[-2:-1]


def test_a_compressed_file_that_is_named_is_read_alone(open_shelf):
    shelf = open_shelf("access.log.2.gz")
    assert names(shelf.entries(ALL)) == ["access.log.2.gz"]
    assert names(shelf.last_entries(ALL, 5)) == ["access.log.2.gz"]


def test_a_log_that_never_was_is_empty(open_shelf):
    assert names(open_shelf("nothing.log").entries(ALL)) == []


def test_a_link_is_followed_to_the_rotated_files(open_shelf, folder):
    (folder / "link").symlink_to(folder / "access.log")
    assert names(open_shelf("link").entries(ALL)) == NAMES


def test_files_last_changed_before_the_moment_are_not_opened(open_shelf, folder):
    for name in NAMES[:-2]:
        os.utime(folder / name, (1000, 1000))
    (folder / NAMES[0]).write_bytes(b"no gzip at all")
    os.utime(folder / NAMES[0], (1000, 1000))
    assert names(open_shelf().entries(Query(since_s=2000.0))) == []  # none says when, and none failed


def test_a_log_that_is_rotated_while_it_is_read_is_read_once(open_shelf, folder):
    shelf = open_shelf()
    found = shelf.entries(ALL)
    first = next(found)
    (folder / "access.log").rename(folder / "access.log.20261122T000000+0100")
    (folder / "access.log").write_bytes(b"new\n")
    assert [first.text.strip(), *names(found)] == NAMES


def test_what_is_half_written_is_left_to_a_follower(open_shelf, folder):
    with (folder / "access.log").open("ab") as file:
        file.write(b"half a li")
    shelf = open_shelf()
    assert shelf.stop == len(b"access.log\n")
    assert names(shelf.entries(ALL)) == NAMES


def test_a_last_line_that_never_ends_is_read(open_shelf, folder):
    (folder / "access.log").write_bytes(b"half")
    assert names(open_shelf().entries(ALL))[-1] == "half"


@pytest.mark.parametrize("name", ["access.log.3", "access.log.20261101T000000+0100"])
def test_a_fifo_is_no_rotated_file(folder, name):
    os.mkfifo(folder / name)
    assert folder / name not in rotated_paths(folder / "access.log")


def test_a_name_is_no_pattern(tmp_path):
    (tmp_path / "a[1]*.log.1").write_bytes(b"")
    (tmp_path / "a1x.log.1").write_bytes(b"")
    assert [path.name for path in rotated_paths(tmp_path / "a[1]*.log")] == ["a[1]*.log.1"]


def test_a_log_that_may_not_be_read_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match="regular file"):
        Shelf(tmp_path, Grammar())


def test_a_file_that_was_retired_since_it_was_listed_is_no_fault(folder):
    complaints = []
    shelf = Shelf(folder / "access.log", Grammar(), complaints.append)
    gone = shelf.rotated[0]
    gone.unlink()
    assert names(shelf.entries(ALL)) == [name for name in NAMES if name != gone.name]
    assert complaints == []
    shelf.close()
