import gzip
import itertools
import os
import time
from pathlib import Path

import pytest

from penstock.agent.logs.archive import Archive, Retention, StoppedError, compress

NOW = 1_795_521_600.0  # 2026-11-24T12:00:00Z
DAY = 86400.0


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def make_archive(tmp_path):
    def make(*, is_compressing=True, now_s=NOW, **limits):
        path = tmp_path / "access.log"
        return Archive(path, Retention(**limits), is_compressing=is_compressing, wall=lambda: now_s)

    return make


@pytest.fixture
def put(tmp_path):
    def make(*names, text=b"line\n"):
        for name in names:
            (tmp_path / name).write_bytes(text)

    return make


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def never() -> bool:
    return False


# Names


def test_a_rotated_file_is_named_after_the_moment(make_archive):
    assert make_archive().new_path().name == "access.log.20261124T120000+0000"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_second_file_of_the_same_second_gets_a_number(make_archive, put, suffix):
    put(f"access.log.20261124T120000+0000{suffix}")
    assert make_archive().new_path().name == "access.log.20261124T120000+0000.2"
    put(f"access.log.20261124T120000+0000.2{suffix}")
    assert make_archive().new_path().name == "access.log.20261124T120000+0000.3"


def test_a_number_that_has_become_free_is_not_used_again(make_archive, put):
    put("access.log.20261124T120000+0000.4.gz")
    assert make_archive().new_path().name == "access.log.20261124T120000+0000.5"


def test_rotated_files_sort_by_time_whatever_the_zone_in_their_names(make_archive, put):
    put(
        "access.log.20261025T023000+0200",
        "access.log.20261025T020000+0100.gz",
        "access.log.20261025T020000+0100.10",
        "access.log.20261025T020000+0100.2",
    )
    assert [entry.path.name.removeprefix("access.log.20261025T") for entry in make_archive().entries()] == [
        "023000+0200",
        "020000+0100.gz",
        "020000+0100.2",
        "020000+0100.10",
    ]


def test_only_files_of_ours_are_rotated_files(make_archive, put):
    put(
        "access.log",
        "access.log.1",
        "access.log.20261124",
        "access.log.20261399T120000+0000",
        "access.log.20261124T120000+0000.bak",
        "access.log2.20261124T120000+0000",
        "error.log.20261124T120000+0000",
    )
    assert make_archive().entries() == []


def test_a_folder_that_went_holds_nothing(make_archive, tmp_path):
    tmp_path.rmdir()
    assert make_archive().entries() == []
    tmp_path.mkdir()


# Compression


def test_a_compressed_file_takes_the_place_of_the_plain_one(tmp_path, put):
    put("log.1", text=b"line\n" * 200_000)
    path = tmp_path / "log.1"
    path.chmod(0o604)
    os.utime(path, (1000, 2000))
    compress(path, never)
    assert names(tmp_path) == ["log.1.gz"]
    packed = tmp_path / "log.1.gz"
    assert gzip.decompress(packed.read_bytes()) == b"line\n" * 200_000
    assert (packed.stat().st_mode & 0o777, packed.stat().st_mtime) == (0o604, 2000)


def test_a_stop_leaves_the_plain_file_as_it_was(tmp_path, put):
    put("log.1", text=bytes(1 << 20))
    answers = iter([False, True])
    with pytest.raises(StoppedError):
        compress(tmp_path / "log.1", lambda: next(answers))
    assert names(tmp_path) == ["log.1"]


def test_a_full_disk_leaves_the_plain_file_as_it_was(tmp_path, put, monkeypatch):
    put("log.1")

    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("penstock.agent.logs.archive.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        compress(tmp_path / "log.1", never)
    assert names(tmp_path) == ["log.1"]


class KilledError(BaseException):
    """The agent ended here."""


class Death:
    """Ends the agent before its n-th change of the disk."""

    def __init__(self, monkeypatch, changes):
        self.left = changes
        for owner, name in (
            (os, "fsync"),
            (os, "utime"),
            (os, "fchmod"),
            (Path, "rename"),
            (Path, "unlink"),
            (gzip.GzipFile, "write"),
        ):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, change):
        def changed(*arguments, **options):
            if not self.left:
                raise KilledError
            self.left -= 1
            return change(*arguments, **options)

        return changed


def test_compression_killed_before_any_of_its_changes_loses_and_doubles_nothing(make_archive, put, tmp_path):
    for changes in itertools.count():
        put("access.log.20261124T110000+0000", text=b"a\nb\n")
        archive = make_archive()
        with pytest.MonkeyPatch.context() as patch:
            Death(patch, changes)
            try:
                compress(tmp_path / "access.log.20261124T110000+0000", never)
                is_done = True
            except KilledError:
                is_done = False
        (entry,) = archive.entries()  # each once, also before it is mended
        assert lines_of(entry.path) == b"a\nb\n"
        archive.mend()
        for path in archive.uncompressed():
            compress(path, never)
        assert names(tmp_path) == ["access.log.20261124T110000+0000.gz"]
        assert lines_of(tmp_path / names(tmp_path)[0]) == b"a\nb\n"
        if is_done:
            break
        (tmp_path / "access.log.20261124T110000+0000.gz").unlink()
    assert changes > 6


def lines_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_what_is_not_to_be_compressed_is_not(make_archive, put):
    put("access.log.20261124T110000+0000")
    assert make_archive(is_compressing=False).uncompressed() == []
    assert [path.name for path in make_archive().uncompressed()] == ["access.log.20261124T110000+0000"]


# Retention


@pytest.fixture
def four(put):
    put(*(f"access.log.202611{day:02d}T120000+0000" for day in (20, 21, 22, 23)), text=bytes(100))


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        pytest.param({}, 4, id="none"),
        pytest.param({"max_count": 3}, 3, id="count"),
        pytest.param({"max_age_s": 2.5 * DAY}, 2, id="age"),
        pytest.param({"max_age_s": 0.5 * DAY}, 1, id="age-of-all"),
        pytest.param({"max_bytes": 399}, 3, id="bytes"),
        pytest.param({"max_bytes": 1}, 1, id="bytes-of-less-than-one"),
        pytest.param({"max_bytes": 399, "max_count": 2}, 2, id="the-narrower-of-two"),
    ],
)
def test_the_oldest_files_go_and_the_newest_stays(make_archive, four, tmp_path, limits, left):
    removed = make_archive(**limits).retire()
    assert len(removed) == 4 - left
    assert names(tmp_path) == [f"access.log.202611{day:02d}T120000+0000" for day in range(24 - left, 24)]


def test_files_of_others_are_never_removed(make_archive, put, tmp_path):
    others = ["access.log", "access.log.1", "access.log.2.gz", "other.log.20261120T120000+0000"]
    put(*others)
    archive = make_archive(max_count=1, max_age_s=1.0, max_bytes=1)
    archive.mend()
    archive.retire()
    assert names(tmp_path) == sorted(others)
