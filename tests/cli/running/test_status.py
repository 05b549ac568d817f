import dataclasses
import gc
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.running.status import (
    Sighting,
    look,
    render_json,
    render_table,
    run_status,
)
from penstock.telemetry import (
    FoundMaster,
    Recorder,
    Segment,
    Snapshot,
    WorkerState,
    WorkerStatus,
    find_masters,
)

OWN = str(os.getpid())


@pytest.fixture
def segment() -> Iterator[Segment]:
    """The memory of a server whose master is this process: worker 1 is busy, worker 2 has ended."""
    gc.collect()  # what other tests have left in cycles would be another server of this process
    segment = Segment.create(4, 2, 65536)
    recorders = [Recorder(segment, slot) for slot in range(3)]
    for slot, recorder in enumerate(recorders):
        recorder.reset(os.getpid() + slot, 7)
    recorders[1].set_state(WorkerState.READY)
    recorders[1].set_connections(40)
    recorders[1].enter(1, time.monotonic_ns() - 90_000_000_000, b"GET /slow/\x1b[2J HTTP/1.1")
    recorders[2].set_state(WorkerState.GONE)
    yield segment
    os.close(segment.fd)  # what the recorders view stays mapped until they go
    os.close(segment.wake_fd)


def worker_row(table: str) -> dict[str, str]:
    """The first worker's cells by column; cells that hold a space lose it."""
    header, row = table.splitlines()[1:3]
    cells = row.replace(" ms", "ms").replace(" s", "s").replace(" MiB", "MiB").split()
    return dict(zip(header.split(), cells, strict=True))


def sighting_with(segment: Segment, pids: tuple[int, ...] = (os.getpid(),), **changes: object) -> Sighting:
    snapshot = dataclasses.replace(Snapshot.take(segment.fd), **changes)
    return Sighting(FoundMaster(os.getpid(), f"/proc/self/fd/{segment.fd}", pids), snapshot)


def test_own_server_is_found_and_its_workers_shown(
    segment: Segment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_status(parse_words(["status", "--pid", OWN])) == 0
    table = capsys.readouterr().out
    assert table.startswith(f"master {OWN} in {Path.cwd()}, up ")
    row = worker_row(table)
    assert (row["worker"], row["state"], row["generation"]) == ("1", "ready", "7")
    assert (row["open"], row["busy"], row["requests"]) == ("40", "1", "0")
    assert (row["p50"], row["p99"]) == ("-", "-")  # of no requests


def test_request_that_runs_is_shown_with_its_age_and_cannot_command_the_terminal(segment: Segment) -> None:
    table = render_table(sighting_with(segment))
    assert "running for 1 min 30 s in worker 1, thread 1: GET /slow/\\x1b[2J HTTP/1.1" in table


def test_worker_that_has_ended_is_not_in_the_table(segment: Segment) -> None:
    assert str(os.getpid() + 2) not in render_table(sighting_with(segment))


def test_template_is_named_beside_the_master_and_has_no_row(segment: Segment) -> None:
    Recorder(segment, 3).reset(4711, 7)
    Recorder(segment, 3).set_state(WorkerState.TEMPLATE)
    first, *rows = render_table(sighting_with(segment)).splitlines()
    assert first.endswith(", template 4711 of generation 7")
    assert not any("4711" in row for row in rows)


def test_json_has_every_field_of_the_snapshot(segment: Segment, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_status(parse_words(["status", "--json", "--pid", OWN])) == 0
    servers = json.loads(capsys.readouterr().out)  # other tests of this process may hold memory as well
    (server,) = [
        server for server in servers if [worker["state"] for worker in server["workers"]] == ["ready", "gone"]
    ]
    assert server["master_pid"] == os.getpid()
    fields = {field.name for field in dataclasses.fields(WorkerStatus)} | {"resident_bytes"}
    assert fields == set(server["workers"][0])
    assert server["master"]["resident_bytes"] > 1 << 20
    assert server["has_master"] is True


def test_pid_file_names_the_server(
    segment: Segment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pid").write_text(f"{OWN}\n")
    assert run_status(parse_words(["status", "--pid-file", str(tmp_path / "pid")])) == 0
    assert capsys.readouterr().out.startswith(f"master {OWN}")


def test_reader_that_goes_away_is_no_failure(segment: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    with open(write_fd, "w") as broken:
        monkeypatch.setattr("sys.stdout", broken)
        assert run_status(parse_words(["status", "--pid", OWN])) == 0


def test_server_without_its_master_is_shown_as_such(segment: Segment) -> None:
    assert f"master {OWN} (gone), up " in render_table(sighting_with(segment, pids=(1,)))


def test_agent_is_named_where_there_is_one(segment: Segment) -> None:
    assert render_table(sighting_with(segment)).splitlines()[0].endswith("no agent")
    assert render_table(sighting_with(segment, agent_pid=9)).splitlines()[0].endswith("agent 9")


def test_what_was_lost_is_said(segment: Segment) -> None:
    snapshot = Snapshot.take(segment.fd)
    losing = dataclasses.replace(snapshot.workers[0], dropped_access=3, dropped_log=4)
    table = render_table(sighting_with(segment, workers=(losing,), agent_discarded=5, agent_damaged=6))
    assert "  dropped: 3 access lines, 4 log records (an output stood still" in table
    assert "  agent: 5 lines that no output took, 6 damaged records" in table


def test_nothing_lost_is_not_mentioned(segment: Segment) -> None:
    table = render_table(sighting_with(segment))
    assert "dropped" not in table
    assert "agent:" not in table


def test_server_that_has_just_ended_is_left_out(segment: Segment, tmp_path: Path) -> None:
    ended = FoundMaster(1, "/nope", (1,))
    (tmp_path / "strange").write_bytes(b"not a segment")
    strange = FoundMaster(2, str(tmp_path / "strange"), (2,))
    own = [master for master in find_masters() if master.pid == os.getpid()]
    assert [sighting.found for sighting in look([ended, strange, *own])] == own
    with pytest.raises(CommandError, match="has just ended"):
        look([ended])


def test_json_of_several_servers_is_one_list(segment: Segment) -> None:
    sighting = sighting_with(segment)
    assert len(json.loads(render_json([sighting, sighting]))) == 2
