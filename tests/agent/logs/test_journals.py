import gzip
import os

import pytest

from penstock.agent.logs.journals import Journals
from penstock.agent.logs.ledger import Ledger
from penstock.config.agent import AgentConfig
from penstock.telemetry.memory.layout import ACCESS_OUTPUT, APPLICATION_OUTPUT, ERROR_OUTPUT


@pytest.fixture
def make_journals(segment, tmp_path, now):
    made = []

    def make(**options):
        files = {"access_log": str(tmp_path / "access.log"), "error_log": str(tmp_path / "error.log")}
        journals = Journals(AgentConfig(**files | options), Ledger(segment), now=now)
        made.append(journals)
        return journals

    yield make
    for journals in made:
        for outlet in journals.outlets:
            outlet.close()
        journals.stop()


def test_two_logs_unless_a_third_is_asked_for(make_journals, tmp_path):
    assert [outlet._area for outlet in make_journals().outlets] == [ACCESS_OUTPUT, ERROR_OUTPUT]
    journals = make_journals(application_log=str(tmp_path / "application.log"))
    assert [outlet._area for outlet in journals.outlets] == [ACCESS_OUTPUT, ERROR_OUTPUT, APPLICATION_OUTPUT]


def test_an_application_log_that_is_the_error_log_is_one_file(make_journals, tmp_path):
    assert len(make_journals(application_log=str(tmp_path / "error.log")).outlets) == 2


def test_a_rotated_file_is_compressed_by_the_archivist(make_journals, tmp_path):
    journals = make_journals(log_rotate_bytes=5, log_keep_count=3)
    for text in (b"one\n", b"two\n"):
        assert journals.access.write(text)
        journals.access.settle()
    while not (packed := list(tmp_path.glob("access.log.*.gz"))):
        os.sched_yield()
    assert gzip.decompress(packed[0].read_bytes()) == b"one\n"
    assert journals.take_remarks() == []


def test_nothing_looks_after_files_that_do_not_rotate(make_journals):
    journals = make_journals()
    assert journals._archivist is None
    assert journals._syncer is None


@pytest.mark.parametrize("target", ["-", "off"])
def test_what_is_no_file_does_not_rotate(make_journals, target):
    journals = make_journals(access_log=target, error_log=target, log_rotate_bytes=5)
    assert journals._archives == []


def test_the_disk_can_be_asked_each_second(make_journals, monkeypatch):
    synced = []
    monkeypatch.setattr("penstock.agent.logs.syncing.os.fdatasync", lambda fd: synced.append(1))
    journals = make_journals(log_fsync="second")
    journals.access.write(b"one\n")
    journals.access.settle()
    journals.access.tick()
    journals.stop()
    assert synced == [1]
    journals._syncer = None


def test_remarks_are_taken_once(make_journals, tmp_path, monkeypatch):
    journals = make_journals(log_fsync="batch")

    def refuse(_fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("penstock.agent.logs.outlet.os.fdatasync", refuse)
    journals.access.write(b"one\n")
    journals.access.settle()
    (remark,) = journals.take_remarks()
    assert "Input/output error" in remark
    assert journals.take_remarks() == []
