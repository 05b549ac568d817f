"""One scenario, measured: every server runs, and the rounds go A B C, B C A, C A B.

All servers of a scenario are up for its whole time, each at rest while another is asked, so that slow drifts
of the machine hit all of them alike and ratios can be taken round by round.

In:     a Scenario, the servers' names, how many rounds of how many seconds.
Out:    a record (plain dicts and lists, ready for JSON): the samples of every server, or why it has none.
Never:  judges (bars.py) or formats (report.py).
"""

import contextlib
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench import accounting, load, servers, traffic
from bench.scenarios import IDLE_CONNECTIONS, SPREAD_CONNECTIONS, SPREAD_GAP_S, Kind, Scenario, participants

SETTLE_S: Final = 0.3  # after the load: log writers catch up, and their time is counted
WARM_UP_S: Final = 2
SHARES_REST_S: Final = 0.2  # lets the workers see the connections of the round before go

Sample = dict[str, float]
Sampler = Callable[["Court", servers.Running], Sample]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: int


@dataclass(slots=True)
class Court:
    """What the rounds of one scenario share."""

    scenario: Scenario
    effort: Effort
    folder: Path
    requests: list[traffic.Request]
    client: str = ""  # the two-route client, compiled
    rested_bytes: dict[int, int] = field(
        default_factory=dict
    )  # memory by pid before the first idle connection

    @property
    def requests_file(self) -> Path:
        """The file the clients replay."""
        return self.folder / "requests"


def measure(scenario: Scenario, names: list[str], effort: Effort, environ: dict[str, str]) -> dict[str, Any]:
    """Run one scenario and return its record; a server that fails is named in it with the reason."""
    taking_part, left_out = participants(scenario, names)
    rows: dict[str, dict[str, Any]] = {
        name: {"skipped": why, "samples": []} for name, why in left_out.items()
    }
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, contextlib.ExitStack() as stack:
        court = _open_court(scenario, effort, Path(folder))
        running = []
        for server in taking_part:
            rows[server.name] = {"version": server.version, "skipped": "", "samples": []}
            try:
                running.append(stack.enter_context(_start(court, server, environ)))
            except servers.StartError as error:
                rows[server.name]["skipped"] = str(error)
        _run_rounds(court, running, rows)
        stack.close()
        for one in running:
            rows[one.server.name] |= _closing_facts(one)
    return {
        "scenario": scenario.name,
        "rounds": effort.rounds,
        "seconds": effort.seconds,
        "servers": {n: rows[n] for n in names},
    }


def rotated(running: list[servers.Running], turn: int) -> list[servers.Running]:
    """Return the order of one round: everybody comes first once."""
    at = turn % len(running) if running else 0
    return running[at:] + running[:at]


def _open_court(scenario: Scenario, effort: Effort, folder: Path) -> Court:
    court = Court(scenario, effort, folder, scenario.requests())
    traffic.write_requests(court.requests, court.requests_file)
    if scenario.kind is Kind.ROUTES:
        court.client = servers.compile_c("routes", folder)
    return court


def _start(
    court: Court, server: servers.Server, environ: dict[str, str]
) -> contextlib.AbstractContextManager[servers.Running]:
    scenario = court.scenario
    folder = court.folder / server.name
    folder.mkdir()
    application = scenario.application_for(server)
    job = servers.Job(application, servers.free_port(), scenario.threads, scenario.workers, folder)
    cpus = f"{load.CLIENT_CPU},{load.SERVER_CPU}" if scenario.kind is Kind.SHARES else str(load.SERVER_CPU)
    return servers.run_server(server, job, cpus, court.requests[0].raw, environ)


def _run_rounds(court: Court, running: list[servers.Running], rows: dict[str, dict[str, Any]]) -> None:
    sampler = SAMPLERS[court.scenario.kind]
    for one in list(running):
        _attempt(_warm_up, court, one, running, rows)
    alive = list(running)
    for turn in range(court.effort.rounds):
        for one in rotated(alive, turn):
            if one in alive and (sample := _attempt(sampler, court, one, alive, rows)):
                rows[one.server.name]["samples"].append(sample)
        _say(f"  round {turn + 1} of {court.effort.rounds}")


def _attempt(
    step: Sampler,
    court: Court,
    one: servers.Running,
    alive: list[servers.Running],
    rows: dict[str, dict[str, Any]],
) -> Sample | None:
    """Take one step; a server that fails it is out of this scenario, named, and the others go on."""
    try:
        return step(court, one)
    except (load.LoadError, OSError, ZeroDivisionError) as error:
        rows[one.server.name] |= {"skipped": f"failed while measured: {error}", "samples": []}
        alive.remove(one)
        return None


def _warm_up(court: Court, one: servers.Running) -> Sample:
    if court.scenario.kind is Kind.SHARES:
        return {}
    seconds = min(WARM_UP_S, court.effort.seconds)
    answered = load.ask_with_wrk(
        one.job.port, court.requests_file, connections=court.scenario.connections, seconds=seconds
    )
    one.request_count += answered.requests
    return {}


def _sample_load(court: Court, one: servers.Running) -> Sample:
    """CPU of the tree, throughput and latency of one round."""
    busy, before = accounting.busy_seconds(load.SERVER_CPU), accounting.read_cpu(one.pid)
    started = time.monotonic()
    answered = _ask(court, one)
    time.sleep(SETTLE_S)
    cost = accounting.cost_between(before, accounting.read_cpu(one.pid))
    elapsed = time.monotonic() - started
    foreign_s = accounting.busy_seconds(load.SERVER_CPU) - busy - cost.cpu_ns / 1e9
    one.request_count += answered.requests
    return {
        "requests": answered.requests,
        "cpu_us": cost.cpu_ns / 1e3 / answered.requests,
        "outside_worker_us": (cost.cpu_ns - cost.busiest_ns) / 1e3 / answered.requests,
        "rate": answered.rate,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "errors": answered.errors,
        "refused": answered.refused,
        "busy_percent": 100 * cost.cpu_ns / 1e9 / answered.seconds,
        "foreign_percent": max(0.0, 100 * foreign_s / elapsed),
        "lost": cost.lost,
        **{f"slow_{name}": value for name, value in (answered.slow or {}).items()},
    }


def _ask(court: Court, one: servers.Running) -> load.Answered:
    seconds, connections = court.effort.seconds, court.scenario.connections
    if court.scenario.kind is Kind.ROUTES:
        return load.ask_two_routes(
            court.client, one.job.port, court.requests_file, connections=connections, seconds=seconds
        )
    return load.ask_with_wrk(one.job.port, court.requests_file, connections=connections, seconds=seconds)


def _sample_idle(court: Court, one: servers.Running) -> Sample:
    """Traffic alone; then 2,000 connections that rest; then the same traffic beside them."""
    alone = _sample_load(court, one)
    for member in accounting.tree_members(one.pid):
        court.rested_bytes.setdefault(member.pid, accounting.pss_bytes(member.pid))
    with load.HeldConnections() as held:
        held.open(one.job.port, [request.raw for request in court.requests], count=IDLE_CONNECTIONS)
        one.request_count += len(held.answers)
        time.sleep(SETTLE_S)
        kept = held.held_count()
        grown = _worker_growth(court, one)
        rest_percent = _rest_percent(one, 2.0 * court.effort.seconds)
        beside = _sample_load(court, one)
        kept = min(kept, held.held_count())
    time.sleep(SETTLE_S)
    return beside | {
        "alone_cpu_us": alone["cpu_us"],
        "bytes_each": grown / kept if kept else math.inf,
        "rest_percent": rest_percent,
        "kept": kept,
    }


def _worker_growth(court: Court, one: servers.Running) -> int:
    """Return by how much the process that holds the connections grew since before the first of them."""
    worker = max((member.pid for member in accounting.tree_members(one.pid)), key=accounting.open_sockets)
    return accounting.pss_bytes(worker) - court.rested_bytes.get(worker, 0)


def _rest_percent(one: servers.Running, seconds: float) -> float:
    """Return the CPU of the whole tree while nobody asks, in percent of a core."""
    before = accounting.read_cpu(one.pid)
    time.sleep(seconds)
    return accounting.cost_between(before, accounting.read_cpu(one.pid)).cpu_ns / 1e7 / seconds


def _sample_shares(court: Court, one: servers.Running) -> Sample:
    """Return the smallest and the largest share of a worker; one without any connection has 0."""
    with load.HeldConnections() as held:
        raws = [request.raw for request in court.requests]
        held.open(one.job.port, raws, count=SPREAD_CONNECTIONS, gap_s=SPREAD_GAP_S)
        one.request_count += len(held.answers)
        shares = held.shares()
        kept = held.held_count()
    time.sleep(SHARES_REST_S)
    smallest = shares[0] if len(shares) >= court.scenario.workers else 0.0
    return {
        "smallest_share": smallest,
        "largest_share": shares[-1],
        "kept": kept,
        "workers_seen": len(shares),
    }


def _closing_facts(one: servers.Running) -> dict[str, Any]:
    """What is known once the server has ended: how it was started, and whether its log is whole."""
    places = {str(one.job.folder): "DIR", str(one.job.port): "PORT"}
    words = [_without_places(word, places) for word in one.words]
    row: dict[str, Any] = {"command": words, "completed": one.request_count}
    if one.access_log.exists():
        with one.access_log.open("rb") as file:
            row["log_lines"] = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return row


def _without_places(word: str, places: dict[str, str]) -> str:
    """Replace what belongs to this machine and this run only."""
    for place, name in places.items():
        word = word.replace(place, name)
    return Path(word).name if word.startswith("/") else word


def _say(text: str) -> None:
    print(text, flush=True)


SAMPLERS: Final[dict[Kind, Sampler]] = {
    Kind.LOAD: _sample_load,
    Kind.ROUTES: _sample_load,
    Kind.IDLE: _sample_idle,
    Kind.SHARES: _sample_shares,
}
