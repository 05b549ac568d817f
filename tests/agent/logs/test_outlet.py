import itertools
import os
import shutil
import time
from pathlib import Path

import pytest

from penstock.agent.logs.archive import Archive, Retention
from penstock.agent.logs.drain import Drain
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.outlet import Outlet
from penstock.agent.logs.output import Output
from penstock.agent.logs.rotation import Period, Rotation
from penstock.agent.logs.syncing import Sync
from penstock.telemetry.memory import layout
from penstock.telemetry.records.record import ACCESS
from penstock.telemetry.records.ring import RingReader

AREA = layout.ACCESS_OUTPUT


class Wall:
    def __init__(self):
        self.now_s = time.time()

    def __call__(self):
        return self.now_s


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def remarks():
    return []


@pytest.fixture
def make_outlet(segment, now, wall, path, remarks):
    """Outlets on one file, one after the other: each is the successor of the one before."""
    made = []

    def make(*, max_bytes=0, period=Period.NEVER, words_of=None, target=path, **options):
        archive = Archive(path, Retention(), is_compressing=False, wall=wall)
        outlet = Outlet(
            Output("access log", str(target), 1, now),
            Ledger(words_of or segment),
            AREA,
            rotation=Rotation(max_bytes, period, wall),
            archive=archive if max_bytes or period is not Period.NEVER else None,
            remark=remarks.append,
            **options,
        )
        made.append(outlet)
        return outlet

    yield make
    for outlet in made:
        outlet.close()


def write(outlet, text):
    assert outlet.write(text)
    outlet._ledger.commit_size(*outlet.settle())


def rotated(path):
    return sorted(each for each in path.parent.iterdir() if each != path)


def test_a_file_makes_way_before_the_text_that_would_make_it_too_large(make_outlet, path):
    taken = []
    outlet = make_outlet(max_bytes=10, rotated=taken.append)
    write(outlet, b"one\n")
    write(outlet, b"two\n")
    write(outlet, b"three\n")
    assert path.read_bytes() == b"three\n"
    assert [each.read_bytes() for each in rotated(path)] == [b"one\ntwo\n"]
    assert taken == rotated(path)


def test_a_text_that_is_too_large_alone_is_not_held_up(make_outlet, path):
    outlet = make_outlet(max_bytes=3)
    write(outlet, b"one long line\n")
    write(outlet, b"two\n")
    assert path.read_bytes() == b"two\n"
    assert len(rotated(path)) == 1


def test_a_file_makes_way_when_its_day_is_over_without_a_line(make_outlet, path, wall):
    outlet = make_outlet(period=Period.DAILY)
    write(outlet, b"one\n")
    wall.now_s += 86400
    outlet.tick()
    assert path.read_bytes() == b""
    assert [each.read_bytes() for each in rotated(path)] == [b"one\n"]


def test_yesterdays_file_makes_way_when_a_server_starts(make_outlet, path, wall):
    path.write_bytes(b"yesterday\n")
    os.utime(path, (wall.now_s - 86400,) * 2)
    outlet = make_outlet(period=Period.DAILY)
    write(outlet, b"today\n")
    assert path.read_bytes() == b"today\n"
    assert [each.read_bytes() for each in rotated(path)] == [b"yesterday\n"]


def test_an_empty_file_does_not_make_way(make_outlet, path, wall):
    outlet = make_outlet(period=Period.DAILY)
    wall.now_s += 86400
    outlet.tick()
    assert rotated(path) == []


def test_the_file_behind_a_link_makes_way_and_the_link_stays(make_outlet, path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    outlet = make_outlet(max_bytes=5, target=tmp_path / "link")
    write(outlet, b"one\n")
    write(outlet, b"two\n")
    assert (tmp_path / "link").is_symlink()
    assert path.read_bytes() == b"two\n"


def test_a_file_that_somebody_else_moved_is_not_moved_again(make_outlet, path):
    outlet = make_outlet(max_bytes=5)
    write(outlet, b"one\n")
    path.rename(path.with_suffix(".log.1"))
    path.write_bytes(b"")
    write(outlet, b"two\n")
    assert path.read_bytes() == b"two\n"
    assert [each.name for each in rotated(path)] == ["access.log.1"]


def test_a_file_that_somebody_removed_is_begun_anew(make_outlet, path):
    outlet = make_outlet()
    write(outlet, b"one\n")
    path.unlink()
    outlet.tick()
    write(outlet, b"two\n")
    assert path.read_bytes() == b"two\n"


def test_a_file_whose_folder_went_is_in_trouble_until_there_is_one(make_outlet, path, tmp_path):
    (tmp_path / "logs").mkdir()
    outlet = make_outlet(target=tmp_path / "logs" / "access.log")
    write(outlet, b"one\n")
    shutil.rmtree(tmp_path / "logs")
    outlet.tick()
    assert outlet.output.trouble == "No such file or directory"
    (tmp_path / "logs").mkdir()
    outlet.tick()
    write(outlet, b"two\n")
    assert (tmp_path / "logs" / "access.log").read_bytes() == b"two\n"
    assert outlet.output.trouble == ""


def test_a_file_that_cannot_be_moved_grows_on_and_it_is_said(make_outlet, path, remarks, monkeypatch):
    outlet = make_outlet(max_bytes=5)
    write(outlet, b"one\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    write(outlet, b"two\n")
    write(outlet, b"three\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert remarks == [f"access log on {path}: cannot be rotated: Permission denied; it grows on"]


def test_a_move_is_taken_back_when_no_new_file_can_be_opened(make_outlet, path, remarks, monkeypatch):
    outlet = make_outlet(max_bytes=5)
    write(outlet, b"one\n")

    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("penstock.agent.logs.output.os.open", refuse)
    write(outlet, b"two\n")
    monkeypatch.undo()
    assert path.read_bytes() == b"one\ntwo\n"
    assert rotated(path) == []
    assert "Too many open files" in remarks[0]


# Killed at each step


class KilledError(BaseException):
    """The agent ended here."""


class Life:
    """Counts down the changes of disk and shared memory that an agent makes before it is killed."""

    def __init__(self, steps):
        self.steps = steps

    def spend(self, last_act=lambda *_: None):
        if not self.steps:
            last_act()
            raise KilledError
        self.steps -= 1

    def watch(self, function, half=lambda *_: None):
        def watched(*arguments, **options):
            self.spend(lambda: half(*arguments))
            return function(*arguments, **options)

        return watched


_write = os.write


def half_write(fd, text):
    _write(fd, bytes(text[: len(text) // 2]))


class MortalWords:
    """Words of a segment whose agent is killed when its life is spent."""

    def __init__(self, words, life):
        self.words = words
        self.life = life

    def __getitem__(self, word):
        return self.words[word]

    def __setitem__(self, word, value):
        self.life.spend()
        self.words[word] = value


class MortalSegment:
    def __init__(self, segment, life):
        self.words = MortalWords(segment.words, life)
        self.layout = segment.layout
        self.memory = segment.memory


def lines_of(batch):
    begin = batch.rows[0][1]
    texts = [batch.text[row[1] - begin : row[2] - begin] for row in batch.rows]
    return [(b"".join(text.split(b"\n")[0] + b"\n" for text in texts), len(texts))]


class SingleReader(RingReader):
    """Makes batches of one record, so that a few records are several writes."""

    def take(self, most):
        return super().take(1)


def drain_on(segment, make_outlet, words_of=None):
    """What an agent has: it rotates a file that holds more than a line or two."""
    plan = segment.layout
    readers = [SingleReader(segment, plan.access_ring(slot), ACCESS, slot) for slot in range(plan.slots)]
    outlet = make_outlet(max_bytes=15, words_of=words_of)
    return Drain(words_of or segment, readers, lines_of, [outlet], ledger=outlet._ledger)


def test_an_agent_killed_before_any_of_its_steps_loses_and_doubles_no_line(
    segment, make_outlet, recorder, finished, path
):
    written = 0
    for steps in itertools.count():
        life = Life(steps)
        expected = []
        for _ in range(3):  # three batches: the second or third rotates
            recorder.access(finished(line=b"line %06d" % written))
            expected.append(b"line %06d" % written)
            written += 1
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in ((Path, "rename"), (os, "open"), (os, "ftruncate")):
                patch.setattr(owner, name, life.watch(getattr(owner, name)))
            patch.setattr(os, "write", life.watch(os.write, half_write))
            try:
                drain = drain_on(segment, make_outlet, MortalSegment(segment, life))
                for _ in range(3):
                    drain.step()
                is_done = True
            except KilledError:
                is_done = False
        successor = drain_on(segment, make_outlet)
        while not successor.is_empty():
            successor.step()
        files = [*rotated(path), path]
        found = sorted(line for file in files for line in file.read_bytes().splitlines())
        assert found == expected
        if is_done:
            break
        for file in files:
            file.write_bytes(b"") if file == path else file.unlink()
    assert steps > 60


def test_a_file_moved_while_no_agent_lived_is_cut_back_where_it_is(make_outlet, segment, path):
    outlet = make_outlet()
    write(outlet, b"committed\n")
    outlet._ledger.intend(AREA, 10, 20)
    os.write(outlet.output.fd, b"half a ba")
    path.rename(path.with_suffix(".log.1"))
    make_outlet()
    assert path.with_suffix(".log.1").read_bytes() == b"committed\n"
    assert path.read_bytes() == b""


def test_lines_that_another_program_appends_are_never_cut(make_outlet, segment, path):
    outlet = make_outlet()
    write(outlet, b"ours\n")
    with path.open("ab") as other:
        other.write(b"theirs\n")
    outlet._ledger.intend(AREA, outlet.output.size_bytes(), 20)
    os.write(outlet.output.fd, b"half")
    make_outlet()
    assert path.read_bytes() == b"ours\ntheirs\n"


# The disk itself


@pytest.fixture
def synced(monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "penstock.agent.logs.outlet.os.fdatasync", lambda fd: sizes.append(os.fstat(fd).st_size)
    )
    return sizes


def test_a_batch_can_be_on_the_disk_before_it_is_committed(make_outlet, synced):
    outlet = make_outlet(sync=Sync.BATCH)
    write(outlet, b"one\n")
    write(outlet, b"two\n")
    outlet.settle()
    assert synced == [4, 8]


def test_a_disk_that_refuses_is_said_and_the_lines_count(make_outlet, monkeypatch, remarks, path):
    def refuse(_fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("penstock.agent.logs.outlet.os.fdatasync", refuse)
    outlet = make_outlet(sync=Sync.BATCH)
    write(outlet, b"one\n")
    assert remarks == [f"access log on {path}: lines may not have reached the disk: Input/output error"]


class AskedSyncer:
    def __init__(self, answers=()):
        self.asked = []
        self.answers = list(answers)

    def ask(self, fd):
        self.asked.append(fd)
        return self.answers.pop(0) if self.answers else True


def test_the_syncer_is_asked_once_for_what_was_written_since(make_outlet):
    syncer = AskedSyncer()
    outlet = make_outlet(sync=Sync.SECOND, syncer=syncer)
    outlet.tick()
    write(outlet, b"one\n")
    outlet.tick()
    outlet.tick()
    assert syncer.asked == [outlet.output.fd]


def test_a_busy_syncer_is_asked_again(make_outlet):
    syncer = AskedSyncer([False])
    outlet = make_outlet(sync=Sync.SECOND, syncer=syncer)
    write(outlet, b"one\n")
    outlet.tick()
    outlet.tick()
    assert len(syncer.asked) == 2
