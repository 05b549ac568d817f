import contextlib
import fcntl
import os

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.segment import Segment, SegmentError, read_layout


@contextlib.contextmanager
def memory_file(content: bytes, seals: int):
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    yield fd
    os.close(fd)


ALL_SEALS = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def header(**changes: int) -> bytes:
    words = [0] * 512
    words[layout.MAGIC_WORD] = layout.MAGIC
    words[layout.VERSION_WORD] = layout.VERSION
    words[layout.SLOTS_WORD] = words[layout.THREADS_WORD] = 1
    words[layout.RING_BYTES_WORD] = 65536
    for name, value in changes.items():
        words[getattr(layout, name)] = value
    return b"".join(word.to_bytes(WORD_BYTES, "little") for word in words)


def test_what_one_mapping_writes_the_other_reads(segment):
    other = Segment.attach(os.dup(segment.fd), writable=False)
    segment.words[100] = 42
    assert other.words[100] == 42
    other.close()


def test_a_segment_is_found_by_its_name(segment):
    assert os.readlink(f"/proc/self/fd/{segment.fd}") == "/memfd:penstock (deleted)"


def test_its_size_can_never_change(segment):
    with pytest.raises(PermissionError):
        os.ftruncate(segment.fd, 4096)


def test_descriptors_are_closed_on_exec(segment):
    assert not os.get_inheritable(segment.fd)
    assert not os.get_inheritable(segment.wake_fd)


def test_descriptors_keep_away_from_those_that_logs_are_written_to():
    spare = os.dup(0)
    os.close(0)
    try:
        segment = Segment.create(1, 1, 65536)
        assert min(segment.fd, segment.wake_fd) > 2
        segment.close()
    finally:
        os.dup2(spare, 0)
        os.close(spare)


def test_memory_that_nobody_touched_is_not_allocated(segment):
    assert os.fstat(segment.fd).st_blocks * 512 <= 2 * layout.PAGE_BYTES


def test_a_mapping_that_is_not_writable_refuses_to_be_written(segment):
    other = Segment.attach(os.dup(segment.fd), writable=False)
    with pytest.raises(TypeError):
        other.words[100] = 1
    other.close()


def test_an_attached_segment_can_be_written_if_asked_for(segment):
    other = Segment.attach(os.dup(segment.fd), writable=True)
    other.words[100] = 7
    assert segment.words[100] == 7
    other.close()


def test_scratch_memory_is_one_slot_that_no_descriptor_leads_to():
    scratch = Segment.scratch(2, 65536)
    assert (scratch.layout.slots, scratch.fd, scratch.wake_fd) == (1, -1, -1)
    scratch.close()


def test_a_descriptor_without_seals_is_refused(tmp_path):
    with (tmp_path / "file").open("w+b") as file, pytest.raises(SegmentError, match="expected a memory file"):
        read_layout(file.fileno())


@pytest.mark.parametrize(
    ("content", "seals", "message"),
    [
        pytest.param(header(), 0, "has seals 0x0", id="not-sealed"),
        pytest.param(b"", ALL_SEALS, "begins with 0x0", id="empty"),
        pytest.param(header(MAGIC_WORD=5), ALL_SEALS, "begins with 0x5", id="not-ours"),
        pytest.param(
            header(VERSION_WORD=99), ALL_SEALS, "segment version 99; expected 4", id="other-version"
        ),
        pytest.param(header(SLOTS_WORD=0), ALL_SEALS, "segment with slots 0", id="no-slots"),
        pytest.param(header(SLOTS_WORD=2**63), ALL_SEALS, "segment with slots", id="absurd"),
        pytest.param(header(), ALL_SEALS, "segment of 4096 bytes; expected", id="too-short"),
    ],
)
def test_memory_that_is_no_segment_of_ours_is_refused(content, seals, message):
    with memory_file(content, seals) as fd, pytest.raises(SegmentError, match=message):
        read_layout(fd)
