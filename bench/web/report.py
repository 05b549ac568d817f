"""The page of results.

In:     samples by scenario and row.
Out:    bench/web/RESULTS.md.
Never:  rounds a ratio before it is judged.
"""

import datetime as dt
import importlib.metadata
import operator
import statistics
from collections.abc import Mapping, Sequence

from bench.machine import machine_facts, moment
from bench.web.scenarios import SCENARIOS, Bar

Samples = Mapping[str, Sequence[float]]  # by label; the row "nothing" among them

HEAD = """# penstock.web beside Django, Flask, Bottle and Falcon

CPU per request in microseconds (`process_time`), in one process, without a server.  Each view takes a path
parameter and a query parameter and answers 13 bytes; the environ is a browser's, with 15 header fields.
All sites of a table were measured in one run, round by round in turn; what it costs to ask was measured
as well and is subtracted.  A ratio is the median of the ratios of neighbouring rounds.  Falcon is its
compiled wheel.  Written by `make bench-web`.
"""


def net(samples: Samples, label: str) -> list[float]:
    """Return a row's figures without what asking costs, round by round."""
    return list(map(operator.sub, samples[label], samples["nothing"]))


def ratio(samples: Samples, bar: Bar) -> float:
    """Return what a bar judges."""
    return statistics.median(map(operator.truediv, net(samples, bar.row), net(samples, bar.other)))


def render(results: Mapping[str, Samples]) -> str:
    """Return the page."""
    parts = [HEAD, _facts()]
    for name, samples in results.items():
        parts.append(f"## {SCENARIOS[name].title}\n")
        parts.append(_table(name, samples))
        parts.append(_bars(name, samples))
    return "\n".join(parts)


def _facts() -> str:
    versions = [
        f"{name} {importlib.metadata.version(name)}" for name in ("Django", "Flask", "bottle", "falcon")
    ]
    facts = machine_facts()
    now = moment()
    return (
        f"{facts['CPU']}, {facts['CPUs']} CPUs, {facts['Python']}, {', '.join(versions)}; "
        f"{dt.date.fromisoformat(now['day']).isoformat()} {now['time']}, revision {now['revision']}.\n"
    )


def _table(name: str, samples: Samples) -> str:
    lines = ["| | median | best |", "|---|---|---|"]
    for row in SCENARIOS[name].rows:
        figures = net(samples, row.label)
        lines.append(f"| {row.label} | {statistics.median(figures):.1f} | {min(figures):.1f} |")
    return "\n".join(lines) + "\n"


def _bars(name: str, samples: Samples) -> str:
    lines = []
    for bar in SCENARIOS[name].bars:
        value = ratio(samples, bar)
        verdict = "kept" if value <= bar.limit else "missed"
        kind = "aim" if bar.is_aim else "bar"
        lines.append(f"- {bar.row} / {bar.other}: **{value:.3f}** ({kind} {bar.limit:g}: {verdict})")
    return "\n".join(lines) + "\n"
