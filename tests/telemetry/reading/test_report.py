import dataclasses
import json

from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.reading.report import plain
from penstock.telemetry.reading.snapshot import Snapshot, WorkerStatus
from penstock.telemetry.writing.recorder import Recorder


def test_report_has_every_field_of_the_snapshot_and_is_json(segment) -> None:
    recorder = Recorder(segment, 1)
    recorder.reset(4242, 3)
    recorder.set_state(WorkerState.DRAINING)
    recorder.enter(0, 1, b"GET / HTTP/1.1")
    report = json.loads(json.dumps(plain(Snapshot.take(segment.fd), {4242: 5}.get)))
    assert set(report) == {field.name for field in dataclasses.fields(Snapshot)}
    (worker,) = report["workers"]
    assert set(worker) == {field.name for field in dataclasses.fields(WorkerStatus)} | {"resident_bytes"}
    assert (worker["resident_bytes"], report["master"]["resident_bytes"]) == (5, None)
    assert (worker["state"], worker["pid"], worker["generation"]) == ("draining", 4242, 3)
    assert worker["current"][0]["line"] == "GET / HTTP/1.1"
