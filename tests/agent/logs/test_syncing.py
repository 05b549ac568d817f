import os
import threading

import pytest

from penstock.agent.logs.syncing import Syncer


@pytest.fixture
def file(tmp_path):
    fd = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    yield fd
    os.close(fd)


def test_what_was_asked_for_reaches_the_disk_before_the_thread_ends(file, monkeypatch):
    synced = []
    monkeypatch.setattr(
        "penstock.agent.logs.syncing.os.fdatasync", lambda fd: synced.append(os.fstat(fd).st_ino)
    )
    syncer = Syncer(pytest.fail)
    assert syncer.ask(file)
    syncer.stop()
    assert synced == [os.fstat(file).st_ino]


def test_a_disk_that_refuses_is_said(file, monkeypatch):
    def refuse(_fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("penstock.agent.logs.syncing.os.fdatasync", refuse)
    remarks = []
    syncer = Syncer(remarks.append)
    syncer.ask(file)
    syncer.stop()
    assert remarks == ["lines may not have reached the disk: Input/output error"]


def test_a_disk_that_hangs_does_not_hold_the_end_up(file, monkeypatch):
    is_released = threading.Event()
    monkeypatch.setattr("penstock.agent.logs.syncing.os.fdatasync", lambda fd: is_released.wait(30))
    monkeypatch.setattr("penstock.agent.logs.syncing._STOP_S", 0.01)
    syncer = Syncer(pytest.fail)
    while syncer.ask(file):
        pass
    syncer.stop()
    assert syncer._thread.is_alive()
    is_released.set()
    syncer._thread.join(0.01)


def test_a_slow_disk_is_asked_no_more_than_it_can_do(file, monkeypatch):
    is_released = threading.Event()
    monkeypatch.setattr("penstock.agent.logs.syncing.os.fdatasync", lambda fd: is_released.wait(30))
    syncer = Syncer(pytest.fail)
    answers = [syncer.ask(file) for _ in range(20)]
    assert answers[0]
    assert not answers[-1]
    is_released.set()
    syncer.stop()
