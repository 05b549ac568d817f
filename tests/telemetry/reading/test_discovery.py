import os

import pytest

from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.reading.discovery import find_masters
from penstock.telemetry.reading.snapshot import Snapshot


@pytest.fixture
def other_name():
    fd = os.memfd_create("penstock-not", os.MFD_CLOEXEC)
    yield fd
    os.close(fd)


LEFT: set[str] = set()


@pytest.fixture(autouse=True)
def _what_other_tests_left():
    """A mapping lives until its last view goes; for a test that failed that is the end of the session."""
    LEFT.update(found.path for found in find_masters())
    yield
    LEFT.clear()


def new():
    return [found for found in find_masters() if found.path not in LEFT]


def mine():
    return [found for found in new() if found.pid == os.getpid()]


@pytest.fixture
def child(segment):
    """A process that holds the segment until its standard input ends."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write_fd)
        os.read(read_fd, 1)
        os._exit(0)
    os.close(read_fd)
    yield pid
    os.close(write_fd)
    os.waitpid(pid, 0)


def test_a_server_is_found_with_all_its_processes(segment, child):
    (found,) = mine()
    assert found.pids == tuple(sorted((os.getpid(), child)))


def test_what_is_found_can_be_read(segment):
    (found,) = mine()
    fd = found.open()
    assert Snapshot.take(fd).master_pid == os.getpid()
    os.close(fd)


def test_two_servers_are_two(segment):
    other = Segment.create(1, 1, 65536)
    assert len(mine()) == 2
    other.close()


def test_a_server_whose_master_is_gone_is_found_by_another_of_its_processes(segment, child):
    segment.words[6] = 2**40  # no such process
    found = [server for server in new() if child in server.pids]
    assert [server.pid for server in found] == [min(os.getpid(), child)]


def test_memory_of_another_name_is_none(other_name):
    assert mine() == []


def test_memory_of_that_name_that_is_no_segment_is_none():
    fd = os.memfd_create("penstock", os.MFD_CLOEXEC)
    found = mine()
    os.close(fd)
    assert found == []


def test_a_folder_without_processes_has_no_servers(tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "17").mkdir()
    (tmp_path / "18" / "fd").mkdir(parents=True)
    (tmp_path / "18" / "fd" / "0").symlink_to("/dev/null")
    (tmp_path / "18" / "fd" / "1").touch()  # closed while we looked
    assert find_masters(tmp_path) == []


def test_memory_that_vanishes_between_two_looks_is_left_out(tmp_path):
    folder = tmp_path / "17" / "fd"
    folder.mkdir(parents=True)
    (folder / "3").symlink_to("/memfd:penstock (deleted)")
    assert find_masters(tmp_path) == []


def test_memory_that_may_not_be_opened_is_left_out(segment, monkeypatch):
    def refuse(path, flags):
        raise PermissionError

    monkeypatch.setattr("penstock.telemetry.reading.discovery.os.open", refuse)
    assert mine() == []
