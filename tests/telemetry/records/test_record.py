from penstock.telemetry.memory import layout
from penstock.telemetry.records.record import ACCESS, ACCESS_FIELDS, LOG, MAX_PART_BYTES, SPANS, Outcome


def test_fixed_parts_fill_their_place_exactly():
    assert ACCESS.size == LOG.size == SPANS.size == layout.RECORD_BYTES


def test_first_three_words_and_the_last_mean_the_same_in_all_kinds():
    number, start, stop, check = 1, 2, 3, 4
    access = ACCESS.pack(number, start, stop, *range(8), 9, 9, 9, 9, 9, 9, 9, check)
    log = LOG.pack(number, start, stop, 7, 7, 7, *range(5), b"t" * 16, b"s" * 8, check)
    spans = SPANS.pack(number, start, stop, 7, 8, 0, 1, check)
    words = [memoryview(raw).cast("Q") for raw in (access, log, spans)]
    assert [(word[0], word[1], word[2], word[15]) for word in words] == [(number, start, stop, check)] * 3


def test_fields_written_with_care_fit_into_a_text():
    assert ACCESS_FIELDS * (MAX_PART_BYTES + 1) <= layout.MAX_TEXT_BYTES


def test_outcomes_keep_their_numbers_because_records_hold_them():
    assert [outcome.name for outcome in sorted(Outcome)] == [
        "COMPLETE",
        "TRUNCATED",
        "SURPLUS",
        "FAILED",
        "PEER_GONE",
        "REFUSED",
        "TIMED_OUT",
        "CUT",
    ]
