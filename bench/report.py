"""bench/RESULTS.md, written from the records of one day.

In:     records of scenarios (rounds.measure plus the moment and the machine), in the order of the scenarios.
Out:    Markdown: machine, how it was measured, the bars, a table a scenario, how each server was started.
Never:  leaves a server out silently; names a machine or a path.
"""

import shlex
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bench.bars import Record, Verdict, column, judge, quotients
from bench.scenarios import SCENARIOS, Kind
from bench.servers import SERVERS

NOTABLE_US: Final = 0.05  # what processes beside the worker have to cost to be named
METHOD = """\
One worker, pinned to one CPU with everything it starts; the client on the other CPU. All servers of a
scenario are up at once and are asked in turn (A B C, B C A, ...); a figure is the median over the rounds
with its range [lowest to highest]; a ratio is taken round by round first. *CPU* is user plus system time of
the whole process tree of the server (agent, master and log writer included) from the kernel's CPU clock of
each process, divided by the requests that were answered. penstock writes its access log to a file and keeps
its metrics; **the peers log nothing**, which is in their favour. *Busy* is the share of its CPU that the
server used: below some 95 % the client, or sleeping, was the limit, and requests/s is then no property of
the server. *Other* is foreign work on that CPU (the machine's own). Latencies are the client's, whose
connections never stop asking (closed loop): they say how long a queue is, not how quick a server is."""


def render(records: Mapping[str, Record], *, is_quick: bool) -> str:
    """Write the whole file."""
    parts = [
        "# Benchmark results",
        _machine(records, is_quick=is_quick),
        METHOD,
        "## The bars",
        _bars(judge(records)),
    ]
    parts += [_scenario(records[name]) for name in SCENARIOS if name in records]
    missing = [f"`{name}`" for name in SCENARIOS if name not in records]
    if missing:
        parts.append(f"Not measured this day: {', '.join(missing)}.")
    parts += ["## How each was started", _commands(records)]
    return "\n\n".join(parts) + "\n"


def spread(values: Sequence[float]) -> str:
    """Write `median [lowest to highest]`, or a dash."""
    if not values:
        return "-"
    return f"{figure(statistics.median(values))} [{figure(min(values))} to {figure(max(values))}]"


def figure(value: float) -> str:
    """Write a number with about three significant digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, text_count: int = 1) -> str:
    """Write a Markdown table: the first `text_count` columns to the left, figures to the right."""
    lines = [head, [*["---"] * text_count, *["---:"] * (len(head) - text_count)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _machine(records: Mapping[str, Record], *, is_quick: bool) -> str:
    first = next(iter(records.values()))
    facts = "; ".join(f"{name} {value}" for name, value in first["machine"].items())
    moments = sorted(
        {(r["moment"]["day"], r["moment"]["time"], r["moment"]["revision"]) for r in records.values()}
    )
    day, revisions = moments[0][0], sorted({revision for _, _, revision in moments})
    lines = [
        f"{facts}.",
        f"Measured on {day}, {moments[0][1]} to {moments[-1][1]}, penstock at {' and '.join(revisions)}.",
        f"Assembled from {len(records)} scenario runs of that day; each scenario is one interleaved run.",
    ]
    if is_quick:
        lines.append("**A quick run: it shows that everything works, and judges nothing.**")
    return "\n".join(lines)


def _bars(verdicts: Iterable[Verdict]) -> str:
    words = {True: "pass", False: "**fail**", None: "not measured"}
    aims = {True: "reached", False: "not reached", None: "not measured"}
    rows = []
    for verdict in verdicts:
        bar = verdict.bar
        limit = f"{'>=' if bar.at_least else '<='} {bar.limit:,g} {bar.unit}".strip()
        rows.append(
            (
                SCENARIOS[bar.scenario].title,
                bar.text,
                limit,
                spread(verdict.values),
                (aims if bar.is_aim else words)[verdict.passed],
            )
        )
    return table(["scenario", "what", "bar", "measured", "verdict"], rows, text_count=2)


def _scenario(record: Record) -> str:
    scenario = SCENARIOS[record["scenario"]]
    moment = record["moment"]
    load = f"{record['rounds']} rounds of {record['seconds']} s, {scenario.connections} connections"
    load += f", {scenario.threads or 'the usual number of'} threads"
    if scenario.kind is Kind.SHARES:
        load = f"{record['rounds']} rounds"
    when = f"{moment['time']}, {moment['revision']}."
    parts = [f"## {scenario.title}", f"`{scenario.name}`: {load}; {when} {scenario.note}".strip()]
    parts.append({Kind.IDLE: _idle_table, Kind.SHARES: _shares_table}.get(scenario.kind, _load_table)(record))
    return "\n\n".join([*parts, *_remarks(record)])


def _measured(record: Record) -> list[str]:
    return [name for name in SERVERS if column_exists(record, name)]


def column_exists(record: Record, server: str) -> bool:
    """Tell whether a server has samples in a record."""
    return bool(record["servers"].get(server, {}).get("samples"))


def _load_table(record: Record) -> str:
    head = [
        "server",
        "CPU us/request",
        "CPU, penstock = 1",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "busy %",
        "other %",
    ]
    rows = []
    for name in _measured(record):
        wrong = sum(column(record, name, "errors")) + sum(column(record, name, "refused"))
        rows.append(
            (
                _title(record, name),
                spread(column(record, name, "cpu_us")),
                spread(quotients(record, name, "penstock", "cpu_us")),
                spread(column(record, name, "rate")),
                *(_median(record, name, key) for key in ("p50_ms", "p99_ms")),
                f"{wrong:.0f}",
                *(_median(record, name, key) for key in ("busy_percent", "foreign_percent")),
            )
        )
    return table(head, rows)


def _idle_table(record: Record) -> str:
    head = [
        "server",
        "bytes a connection",
        "at rest, % of a core",
        "CPU us/request beside them",
        "the same without them",
        "kept open",
        "errors",
    ]
    rows = []
    for name in _measured(record):
        wrong = sum(column(record, name, "errors")) + sum(column(record, name, "refused"))
        figures = (
            spread(column(record, name, key))
            for key in ("bytes_each", "rest_percent", "cpu_us", "alone_cpu_us")
        )
        rows.append(
            (_title(record, name), *figures, f"{min(column(record, name, 'kept')):,.0f}", f"{wrong:.0f}")
        )
    return table(head, rows)


def _shares_table(record: Record) -> str:
    rows = [
        (
            _title(record, name),
            *(spread(column(record, name, key)) for key in ("smallest_share", "largest_share")),
            _median(record, name, "kept"),
        )
        for name in _measured(record)
    ]
    return table(["server", "smallest share", "largest share", "kept open"], rows)


def _remarks(record: Record) -> list[str]:
    """Say what the table cannot: who is missing and why, whose log is whole, how the slow route fared."""
    lines = [line for name, row in record["servers"].items() for line in _remarks_on(record, name, row)]
    outside = [
        f"{name} {_median(record, name, 'outside_worker_us')}"
        for name in _measured(record)
        if statistics.median(column(record, name, "outside_worker_us") or [0.0]) >= NOTABLE_US
    ]
    if outside:
        lines.append(f"- CPU us/request outside the worker (masters, log writers): {'; '.join(outside)}.")
    slow = [
        f"{name} {_median(record, name, 'slow_p50_ms')} / {_median(record, name, 'slow_p99_ms')}"
        for name in _measured(record)
        if column(record, name, "slow_p50_ms")
    ]
    if slow:
        lines.append(f"- The slow route's own p50 / p99 in ms: {'; '.join(slow)}.")
    return ["\n".join(lines)] if lines else []


def _remarks_on(record: Record, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    if row["skipped"]:
        yield f"- {name}: skipped, {row['skipped']}."
    if lost := sum(column(record, name, "lost")):
        yield f"- {name}: {lost:.0f} processes ended while measured; their CPU is missing."
    if "log_lines" in row:
        # more lines than answers: wrk drops what is on its way when a round ends, the server logs it
        whole = "none is missing" if row["log_lines"] >= row["completed"] else "**lines are missing**"
        yield f"- {name}: {row['completed']:,} answers, {row['log_lines']:,} access lines; {whole}."


def _commands(records: Mapping[str, Record]) -> str:
    seen: dict[str, str] = {}
    for record in records.values():
        for name, row in record["servers"].items():
            if row.get("command"):
                seen.setdefault(name, shlex.join(row["command"]))
    lines = []
    for name in (name for name in SERVERS if name in seen):
        why = f" ({'; '.join(SERVERS[name].reasons)})" if SERVERS[name].reasons else ""
        lines.append(f"- {name}{why}: `{seen[name]}`")
    return (
        "The first scenario's command; others differ in the application and the number of threads.\n\n"
        + "\n".join(lines)
    )


def _title(record: Record, name: str) -> str:
    return f"{name} {record['servers'][name].get('version', '')}".strip()


def _median(record: Record, name: str, key: str) -> str:
    values: list[Any] = column(record, name, key)
    return figure(statistics.median(values)) if values else "-"
