import os
from collections.abc import Iterator

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment, SegmentError
from penstock.telemetry.memory.verdict import (
    ReloadState,
    Verdict,
    begin_reload,
    last_reload,
    read_verdict,
    write_verdict,
)


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(2, 2, 65536)
    yield made
    made.close()


def test_segment_without_a_reload_has_no_verdict(segment: Segment) -> None:
    assert last_reload(segment.fd) == 0
    assert read_verdict(segment.fd, 1) is None


def test_reload_that_has_begun_is_the_last_and_runs(segment: Segment) -> None:
    begin_reload(segment, 2)
    assert last_reload(segment.fd) == 2
    assert read_verdict(segment.fd, 2) == Verdict(2, ReloadState.RUNNING)


def test_verdict_is_read_as_it_was_written(segment: Segment) -> None:
    verdict = Verdict(5, ReloadState.FAILED, "Traceback ...\nno module named 'shöp'")
    begin_reload(segment, 5)
    write_verdict(segment, verdict)
    assert read_verdict(segment.fd, 5) == verdict


def test_verdicts_of_eight_reloads_are_kept_apart(segment: Segment) -> None:
    for number in range(2, 12):
        begin_reload(segment, number)
        write_verdict(segment, Verdict(number, ReloadState.FAILED, f"reason {number}"))
    found = [read_verdict(segment.fd, number) for number in range(2, 12)]
    assert [verdict and verdict.text for verdict in found] == [None, None] + [
        f"reason {n}" for n in range(4, 12)
    ]


def test_long_reason_keeps_its_end_and_stays_in_its_place(segment: Segment) -> None:
    begin_reload(segment, 3)
    write_verdict(segment, Verdict(2, ReloadState.FAILED, "x" * 20_000 + "the cause"))
    text = read_verdict(segment.fd, 2).text
    assert len(text) < layout.VERDICT_BYTES
    assert text.endswith("the cause")
    assert read_verdict(segment.fd, 3) == Verdict(3, ReloadState.RUNNING)


@pytest.mark.parametrize(("word", "value"), [(1, 99), (2, 1 << 60)], ids=["state", "length"])
def test_damaged_verdict_is_none_or_bounded(segment: Segment, word: int, value: int) -> None:
    begin_reload(segment, 2)
    write_verdict(segment, Verdict(2, ReloadState.FAILED, "reason"))
    segment.words[segment.layout.verdict_at(2) // 8 + word] = value
    verdict = read_verdict(segment.fd, 2)
    assert verdict is None or len(verdict.text) < layout.VERDICT_BYTES


def test_memory_of_something_else_is_refused() -> None:
    fd = os.memfd_create("other")
    with pytest.raises(SegmentError):
        last_reload(fd)
    with pytest.raises(SegmentError):
        read_verdict(fd, 1)
    os.close(fd)
