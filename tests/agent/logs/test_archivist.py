import gzip
import os
import threading
from pathlib import Path

import pytest

from penstock.agent.logs.archive import Archive, Retention, StoppedError
from penstock.agent.logs.archivist import Archivist

NAME = "access.log.20261124T120000+0000"


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "access.log", Retention(max_count=2), is_compressing=True)


@pytest.fixture
def remarks():
    return []


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_predecessors_left_is_mended_and_compressed(archive, remarks, tmp_path):
    (tmp_path / NAME).write_bytes(b"line\n")
    (tmp_path / f"{NAME}.gz.part").write_bytes(b"half")
    assert Archivist([archive], remarks.append).turn()
    assert names(tmp_path) == [f"{NAME}.gz"]
    assert remarks == []


def test_a_rotated_file_is_compressed_and_the_oldest_go(archive, remarks, tmp_path):
    archivist = Archivist([archive], remarks.append)
    for day in (21, 22, 23, 24):
        path = tmp_path / f"access.log.202611{day}T120000+0000"
        path.write_bytes(b"line\n")
        archivist.take(archive, path)
    assert archivist.turn()
    assert names(tmp_path) == [f"access.log.202611{day}T120000+0000.gz" for day in (23, 24)]


def test_a_file_that_somebody_else_removed_is_no_trouble(archive, remarks, tmp_path):
    archivist = Archivist([archive], remarks.append)
    archivist.take(archive, tmp_path / NAME)
    assert archivist.turn()
    assert remarks == []


def test_a_disk_that_refuses_is_said_once_until_it_does_not(archive, remarks, tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(b"line\n")
    archivist = Archivist([archive], remarks.append)

    def full(_fd):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("penstock.agent.logs.archive.os.fsync", full)
        assert not archivist.turn()
        assert not archivist.turn()
    assert remarks == [
        f"cannot compress files of {str(archive.path)!r}: No space left on device; tried again each minute"
    ]
    assert names(tmp_path) == [NAME]
    assert archivist.turn()
    assert names(tmp_path) == [f"{NAME}.gz"]


def test_what_is_no_file_is_neither_waited_for_nor_followed(archive, remarks, tmp_path):
    os.mkfifo(tmp_path / NAME)
    (tmp_path / "secret").write_bytes(b"secret\n")
    (tmp_path / "access.log.20261125T120000+0000").symlink_to(tmp_path / "secret")
    archivist = Archivist([archive], remarks.append)
    assert archivist.turn()
    assert remarks == []
    for place in (NAME, "access.log.20261125T120000+0000"):  # they took the place of one that was rotated
        archivist.take(archive, tmp_path / place)
    assert not archivist.turn()
    assert (tmp_path / "secret").read_bytes() == b"secret\n"
    assert not list(tmp_path.glob("*.gz*"))


def test_a_link_in_the_place_of_the_part_is_not_written_through(archive, remarks, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim\n")
    archivist = Archivist([archive], remarks.append)
    (tmp_path / NAME).write_bytes(b"line\n")
    part = tmp_path / f"{NAME}.gz.part"
    archive.mend = lambda: part.symlink_to(tmp_path / "victim")  # between tidying up and compressing
    archivist.take(archive, tmp_path / NAME)
    assert archivist.turn()
    assert (tmp_path / "victim").read_bytes() == b"victim\n"
    assert gzip.decompress((tmp_path / f"{NAME}.gz").read_bytes()) == b"line\n"


def test_a_file_that_cannot_be_compressed_lets_the_others_pass(archive, remarks, tmp_path):
    (tmp_path / NAME).write_bytes(b"line\n")
    (tmp_path / "access.log.20261125T120000+0000").write_bytes(b"line\n")
    archivist = Archivist([archive], remarks.append)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()  # cannot be opened as a file any more
    assert not archivist.turn()
    assert names(tmp_path) == [NAME, "access.log.20261125T120000+0000.gz"]
    assert len(remarks) == 1


def test_files_that_are_not_to_be_compressed_stay_and_the_oldest_go(remarks, tmp_path):
    archive = Archive(tmp_path / "access.log", Retention(max_count=1), is_compressing=False)
    archivist = Archivist([archive], remarks.append)
    for day in (21, 22):
        path = tmp_path / f"access.log.202611{day}T120000+0000"
        path.write_bytes(b"line\n")
        archivist.take(archive, path)
    assert archivist.turn()
    assert names(tmp_path) == ["access.log.20261122T120000+0000"]


def test_files_that_cannot_be_removed_are_said(archive, remarks, tmp_path, monkeypatch):
    for day in (21, 22, 23):
        (tmp_path / f"access.log.202611{day}T120000+0000.gz").write_bytes(b"")
    archivist = Archivist([archive], remarks.append)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert not archivist.turn()
    assert remarks == [
        f"cannot remove old files of {str(archive.path)!r}: Permission denied; tried again each minute"
    ]


def test_a_stop_interrupts_a_long_file_and_leaves_it_whole(archive, remarks, tmp_path):
    (tmp_path / NAME).write_bytes(bytes(1 << 20))
    archivist = Archivist([archive], remarks.append)
    archivist.stop()
    with pytest.raises(StoppedError):
        archivist.turn()
    assert names(tmp_path) == [NAME]


def test_its_thread_does_what_is_there_and_ends_when_told(archive, remarks, tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(b"line\n")
    is_retired = threading.Event()
    retire = Archive.retire

    def retire_and_tell(self):
        retire(self)
        is_retired.set()

    monkeypatch.setattr(Archive, "retire", retire_and_tell)
    archivist = Archivist([archive], remarks.append)
    archivist.start()
    assert is_retired.wait(30)
    archivist.stop()
    assert gzip.decompress((tmp_path / f"{NAME}.gz").read_bytes()) == b"line\n"
    assert not any(thread.name == "archivist" for thread in threading.enumerate())
