"""The offsets must never overlap: whoever writes one word would change another's."""

import itertools
import struct

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import COUNT_WORDS, PAGE_BYTES, RECORD_BYTES, WORD_BYTES, Layout

PLANS = [Layout(1, 1, 65536), Layout(3, 5, 65536), Layout(17, 33, 4 << 20), Layout(2, 4096, 1 << 20)]


def regions(plan: Layout) -> list[tuple[int, int]]:
    found = [(0, PAGE_BYTES)]
    for slot in range(plan.slots):
        found.append((plan.slot_at(slot), PAGE_BYTES))
        found.append((plan.thread_at(slot, 0), plan.threads * layout.THREAD_BYTES))
        found.append((plan.counts_at(slot), COUNT_WORDS * WORD_BYTES))
        found.extend((plan.bank_at(slot, bank), COUNT_WORDS * WORD_BYTES) for bank in (0, 1))
        for ring in (plan.access_ring(slot), plan.log_ring(slot), plan.span_ring(slot)):
            found.append((ring.records_at, ring.record_count * RECORD_BYTES))
            found.append((ring.text_at, ring.text_bytes))
        found.append((plan.metrics_at(slot), layout.SERIES_BYTES))
        found.append((plan.exemplars_at(slot), layout.EXEMPLARS * layout.EXEMPLAR_BYTES))
    found.extend((plan.verdict_at(number), layout.VERDICT_BYTES) for number in range(layout.VERDICTS))
    return sorted(found)


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_regions_of_a_segment_do_not_overlap(plan):
    found = regions(plan)
    assert all(at + size <= following for (at, size), (following, _) in itertools.pairwise(found))


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_last_region_ends_with_the_segment(plan):
    at, size = regions(plan)[-1]
    assert plan.total_bytes - PAGE_BYTES < at + size <= plan.total_bytes


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_every_slot_begins_on_a_page(plan):
    assert {plan.slot_at(slot) % PAGE_BYTES for slot in range(plan.slots)} == {0}


def test_words_of_writer_and_reader_stand_in_different_cache_lines():
    writer = {word // 8 for word in (layout.ACCESS_END, layout.LOG_END, layout.SPAN_END, layout.STATE)}
    reader = {word // 8 for word in (layout.ACCESS_TAIL, layout.LOG_TAIL, layout.SPAN_TAIL)}
    assert not writer & reader


def test_a_thread_line_has_the_words_that_its_format_has():
    assert struct.calcsize(layout.THREAD_FORMAT) == layout.THREAD_BYTES
    line = struct.pack(layout.THREAD_FORMAT, 1, 2, b"id", b"line", 3, 4)
    words = memoryview(line).cast("Q")
    assert (words[0], words[layout.THREAD_DEADLINE]) == (1, 2)
    assert (words[layout.THREAD_ANSWERED], words[layout.THREAD_INTERRUPTED]) == (3, 4)


def test_the_longest_text_fits_into_the_smallest_ring():
    plan = Layout(1, 1, layout.MIN_RING_BYTES)
    assert min(plan.access_ring(0).text_bytes, plan.log_ring(0).text_bytes) > layout.MAX_TEXT_BYTES


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        pytest.param((0, 1, 65536), "slots 0; expected 1 to 4096", id="no-slot"),
        pytest.param((1, 0, 65536), "threads 0; expected 1 to 4096", id="no-thread"),
        pytest.param((1, 1, 65535), "ring_bytes 65535; expected 65536 to 1073741824", id="small-ring"),
        pytest.param((1, 1, 1 << 31), "ring_bytes 2147483648", id="large-ring"),
    ],
)
def test_sizes_out_of_range_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Layout(*sizes)


def test_a_slot_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="slot 3; expected 0 to 2"):
        Layout(3, 1, 65536).slot_at(3)


@pytest.mark.parametrize("slot", range(3))
def test_first_word_of_a_slot_stands_where_its_first_byte_does(slot: int) -> None:
    plan = Layout(3, 2, 65536)
    assert plan.slot_at(slot) == plan.slot_word(slot) * WORD_BYTES
