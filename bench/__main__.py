"""The command line: choose scenarios, measure them, write the results.

    python -m bench                        everything (about an hour), then bench/RESULTS.md
    python -m bench hello-15 asleep        these scenarios; RESULTS.md is assembled from all runs of this day
    python -m bench --quick                seconds each; shows that it works, writes to .cache/bench/quick
    python -m bench --report               RESULTS.md again from what is there

In:     arguments, and an environment with penstock and bench/requirements.in installed.
Out:    .cache/bench/SCENARIO.json, bench/RESULTS.md; exit status 1: a bar failed, 2: there is no figure.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Final

from bench import load, machine, report, rounds
from bench.bars import judge
from bench.scenarios import SCENARIOS
from bench.servers import ROOT, SERVERS

CACHE: Final = ROOT / ".cache" / "bench"
RESULTS: Final = ROOT / "bench" / "RESULTS.md"
NEEDED_PROGRAMS: Final = ("wrk", "taskset", "cc")


def main() -> int:
    """Measure what was asked for and write it down."""
    options = _parse()
    folder = CACHE / "quick" if options.quick else CACHE
    target = folder / RESULTS.name if options.quick else RESULTS
    if not options.report:
        _prepare_process()
        _measure(options, folder)
    records = _records_of_last_day(folder)
    if not records:
        print(f"no results below {folder.relative_to(ROOT)}; expected a run before", file=sys.stderr)
        return 2
    target.write_text(report.render(records, is_quick=options.quick))
    print(f"written: {target.relative_to(ROOT)}")
    failed = [v for v in judge(records) if v.passed is False and not v.bar.is_aim]
    return 1 if failed and not options.quick else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="penstock beside its peers, interleaved"
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"default: all of {', '.join(SCENARIOS)}"
    )
    parser.add_argument("--servers", default=",".join(SERVERS), help="comma-separated; default: %(default)s")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 7, quick 3)")
    parser.add_argument("--seconds", type=int, help="seconds a round (default 3, quick 1)")
    parser.add_argument("--quick", action="store_true", help="short rounds; RESULTS.md stays as it is")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the report again")
    options = parser.parse_args()
    options.scenarios = _known(parser, "scenario", options.scenarios or list(SCENARIOS), list(SCENARIOS))
    options.servers = _known(parser, "server", options.servers.split(","), list(SERVERS))
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def _known(parser: argparse.ArgumentParser, what: str, names: list[str], allowed: list[str]) -> list[str]:
    for name in names:
        if name not in allowed:
            parser.error(f"{what} {name!r}; expected one of {', '.join(allowed)}")
    return names


def _prepare_process() -> None:
    """Stay off the server's CPU and allow some thousand connections, to us and to every server we start.

    Raises:
        SystemExit: a program or the second CPU is missing.
    """
    missing = [name for name in NEEDED_PROGRAMS if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"cannot measure without {', '.join(missing)}; expected them on the PATH")
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("one CPU; expected two, one for the server and one for the client")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, and so ends what was started
    os.sched_setaffinity(0, {load.CLIENT_CPU})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _measure(options: argparse.Namespace, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    environ, facts = machine.work_environment(), machine.machine_facts()
    effort = rounds.Effort(options.rounds, options.seconds)
    for name in options.scenarios:
        print(f"{name}: {SCENARIOS[name].title}", flush=True)
        moment = machine.moment()
        record = rounds.measure(SCENARIOS[name], options.servers, effort, environ)
        (folder / f"{name}.json").write_text(
            json.dumps(record | {"moment": moment, "machine": facts}, indent=1)
        )
        print(_brief(record), flush=True)


def _brief(record: dict[str, Any]) -> str:
    """Sum a scenario up for the terminal."""
    lines = []
    for name, row in record["servers"].items():
        if row["skipped"]:
            lines.append(f"  {name:18} skipped: {row['skipped']}")
            continue
        keys = [
            key
            for key in ("cpu_us", "rate", "p99_ms", "bytes_each", "rest_percent", "smallest_share")
            if key in row["samples"][0]
        ]
        lines.append(
            f"  {name:18} "
            + "  ".join(f"{key} {report.spread([s[key] for s in row['samples']])}" for key in keys)
        )
    return "\n".join(lines)


def _records_of_last_day(folder: Path) -> dict[str, Any]:
    """Load the records of the newest day: figures of different days are not put into one table."""
    records = {
        path.stem: json.loads(path.read_text()) for path in folder.glob("*.json") if path.stem in SCENARIOS
    }
    day = max((record["moment"]["day"] for record in records.values()), default="")
    return {name: record for name, record in records.items() if record["moment"]["day"] == day}


if __name__ == "__main__":
    sys.exit(main())
