import gzip
import io
import itertools
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.logs.reading import volume
from penstock.agent.logs.reading.line import Grammar
from penstock.agent.logs.reading.query import Query
from penstock.agent.logs.reading.volume import (
    entries,
    grouped,
    last_entries,
    last_start,
    open_volume,
    seek_time,
)

ALL = Query()


@pytest.fixture(params=["plain", "gzip"])
def file_of(request, tmp_path):
    """Open a file that holds a text."""

    def make(text):
        path = tmp_path / ("log.gz" if request.param == "gzip" else "log")
        path.write_bytes(gzip.compress(text) if request.param == "gzip" else text)
        return open_volume(path)

    return make


def texts(found):
    return [entry.text for entry in found]


def test_lines_and_what_belongs_to_them_are_entries(file_of):
    with file_of(b"one\ntwo\n  | of two\n  | more\nthree") as file:
        assert texts(entries(file, Grammar(), ALL)) == ["one\n", "two\n  | of two\n  | more\n", "three"]


def test_reading_stops_where_it_is_told(file_of):
    with file_of(b"one\ntwo\nthree\n") as file:
        assert texts(entries(file, Grammar(), ALL, 8)) == ["one\n", "two\n"]


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_the_last_entries_are_those_at_the_end(file_of, count, monkeypatch):
    monkeypatch.setattr(volume, "BLOCK_BYTES", 16)
    whole = [b"entry %d\n  | more of it\n" % number for number in range(20)]
    with file_of(b"".join(whole)) as file:
        found = last_entries(file, Grammar(), ALL, count)
    assert texts(found) == [text.decode() for text in whole[-count:]]


def test_the_last_entries_end_where_they_are_told(tmp_path):
    with io.BytesIO(b"one\ntwo\nthree\n") as file:
        assert texts(last_entries(file, Grammar(), ALL, 1, 8)) == ["two\n"]


@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")))),
    st.integers(1, 30),
)
def test_from_the_back_and_from_the_front_are_the_same_entries(lines, block_bytes):
    text = b"".join((b"  | " if is_more else b"") + line + b"\n" for is_more, line in lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(volume, "BLOCK_BYTES", block_bytes)
        backward = texts(last_entries(io.BytesIO(text), Grammar(), ALL, 1000))
    assert backward == texts(entries(io.BytesIO(text), Grammar(), ALL))


def test_a_line_without_end_comes_in_pieces(file_of, monkeypatch):
    monkeypatch.setattr(volume, "_MAX_LINE_BYTES", 100)
    with file_of(b"x" * 1000) as file:
        assert {len(text) for text in texts(entries(file, Grammar(), ALL))} == {100}


def test_an_entry_without_end_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(volume, "_MAX_ENTRY_LINES", 3)
    assert list(grouped([b"  | \n"] * 7)) == [b"  | \n" * 3, b"  | \n" * 3, b"  | \n"]


def test_a_block_without_a_beginning_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(volume, "BLOCK_BYTES", 10)
    monkeypatch.setattr(volume, "MAX_REST_BYTES", 30)
    found = last_entries(io.BytesIO(b"  | more\n" * 100), Grammar(), ALL, 1000)
    assert len(found) > 10
    assert "".join(texts(found)) == "  | more\n" * 100


@pytest.mark.parametrize(
    "damaged",
    [b"no gzip", gzip.compress(b"line\n" * 9000)[:-20], gzip.compress(b"line\n" * 9000)[:40] + bytes(400)],
    ids=["no-gzip", "half", "garbage"],
)
def test_a_damaged_file_is_an_oserror(tmp_path, damaged):
    path = tmp_path / "log.gz"
    path.write_bytes(damaged)
    with open_volume(path) as file, pytest.raises(OSError, match=r"(?i)gzip"):
        list(entries(file, Grammar(), ALL))


def test_a_file_that_was_compressed_since_it_was_listed_is_found(tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"line\n"))
    with open_volume(tmp_path / "log") as file:
        assert texts(entries(file, Grammar(), ALL)) == ["line\n"]


def test_a_file_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_volume(tmp_path / "log")


@pytest.mark.parametrize(
    ("block", "start"),
    [
        (b"", 0),
        (b"half", 0),
        (b"one\n", 0),
        (b"one\ntwo\n", 4),
        (b"one\ntwo\nhal", 4),
        (b"one\ntwo\n  | more\n", 4),
        (b"one\ntwo\n  | more\n  | mor", 4),
        (b"  | more\n  | more\n", 0),
    ],
)
def test_the_last_entry_may_go_on(block, start):
    assert last_start(block) == start


# In a file in order of time


def stamped(second):
    return b"2026-11-20T10:%02d:%02d.000+00:00 INFO [pid 1] shop: m\n  | more\n" % divmod(second, 60)


@pytest.mark.parametrize("second", [-5, 0, 1, 777, 1500, 3599, 5000])
def test_a_place_before_a_moment_is_found_by_halving(monkeypatch, second):
    monkeypatch.setattr(volume, "BLOCK_BYTES", 200)
    text = b"".join(map(stamped, range(3600)))
    file = io.BytesIO(text)
    begin_s = Grammar().read(stamped(0).decode()).time_s
    start = seek_time(file, Grammar(), begin_s + second, len(text))
    found = [entry.time_s - begin_s for entry in entries(file, Grammar(), ALL, len(text) - start)]
    wanted = [float(each) for each in range(max(second, 0), 3600)]
    assert found[len(found) - len(wanted) :] == wanted
    assert len(found) - len(wanted) < 10


def test_a_file_without_times_is_read_from_its_beginning():
    text = b"".join(b"%d\n" % number for number in random.Random(1).sample(range(10**6), 500_000))
    assert seek_time(io.BytesIO(text), Grammar(), 1e9, len(text)) == 0


def test_a_large_file_is_read_in_little_memory(tmp_path):
    path = tmp_path / "log"
    line = b'192.0.2.1 - - [20/Nov/2026:10:35:16 +0000] "GET /%d HTTP/1.1" 200 12 "-" "curl/7"\n'
    with path.open("wb") as file:
        file.writelines(itertools.islice(map(line.__mod__, itertools.count()), 200_000))
    with path.open("rb") as file:
        tracemalloc.start()
        found = sum(1 for _ in entries(file, Grammar(), Query(status=(range(500, 600),))))
        found += len(last_entries(file, Grammar(), Query(status=(range(500, 600),)), 100))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found == 0
    assert path.stat().st_size > 15_000_000
    assert peak_bytes < 6_000_000
