from penstock.telemetry.memory.histogram import TICK_BITS
from penstock.telemetry.records import column
from penstock.telemetry.records.record import ACCESS, Outcome
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.writing.recorder import Recorder


def test_every_word_of_a_written_record_stands_at_its_place(segment, finished) -> None:
    recorder = Recorder(segment, 1)
    recorder.reset(4242, 3)
    ms = 1_000_000
    request = finished(
        first_byte_ns=1000 * ms, head_ns=1001 * ms, body_ns=1003 * ms, start_ns=1006 * ms,
        response_ns=1010 * ms, end_ns=1016 * ms, last_byte_ns=1031 * ms, received_bytes=7,
        sent_bytes=8, status_code=418, thread=3, lane=1, outcome=Outcome.CUT,
    )  # fmt: skip
    recorder.access(request)
    batch = RingReader(segment, segment.layout.access_ring(1), ACCESS).take(1)
    row = batch.rows[0]
    phases = ("HEAD", "BODY", "QUEUE", "RESPONSE", "APPLICATION", "SEND", "TOTAL")
    taken_ms = {name: round((row[getattr(column, name)] << TICK_BITS) / ms) for name in phases}
    assert list(taken_ms.values()) == [1, 2, 3, 4, 10, 15, 31]
    assert batch.text_of(row) == batch.text[: row[column.TEXT_STOP] - row[column.TEXT_START]]
    others = ("LAST_BYTE", "RECEIVED", "SENT", "PID", "STATUS", "THREAD", "OUTCOME")
    assert [row[getattr(column, name)] for name in others] == [1031 * ms, 7, 8, 4242, 418, 3, Outcome.CUT]
    assert row[column.LANE] & 1 == 1
