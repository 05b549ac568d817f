"""The command line: measure, and write the page.

    python -m bench.web               all scenarios (about two minutes), then bench/web/RESULTS.md
    python -m bench.web bare five     these scenarios; the page is printed and RESULTS.md stays
    python -m bench.web --quick       a few rounds, printed

In:     arguments.
Out:    the page; exit status 1: a bar is missed.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from bench.web import report, rounds
from bench.web.scenarios import SCENARIOS, Row, Scenario
from bench.web.sites import Site, make_site

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
REQUESTS_A_ROUND: Final = 510


def main() -> int:
    """Measure what was asked for."""
    options = _parse()
    results = {
        name: _measure(SCENARIOS[name], rounds_count=5 if options.quick else options.rounds)
        for name in options.scenarios or SCENARIOS
    }
    page = report.render(results)
    if options.scenarios or options.quick:
        print(page)
    else:
        RESULTS.write_text(page)
        print(f"written: bench/web/{RESULTS.name}")
    missed = [
        bar
        for name, samples in results.items()
        for bar in SCENARIOS[name].bars
        if not bar.is_aim and report.ratio(samples, bar) > bar.limit
    ]
    return 1 if missed and not options.quick else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.web", description="penstock.web beside its peers")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=25, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="5 rounds, printed")
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"scenario {unknown[0]!r}; expected one of {', '.join(SCENARIOS)}")
    return options


def _measure(scenario: Scenario, *, rounds_count: int) -> dict[str, list[float]]:
    rows = (*scenario.rows, Row("nothing", "nothing"))
    sites: dict[tuple[str, int], Site] = {}
    questions = []
    for row in rows:
        key = (row.framework, row.routes)
        if key not in sites:
            sites[key] = make_site(row.framework, routes=row.routes, middlewares=row.middlewares)
        routes = range(row.routes) if row.only_route is None else [row.only_route] * 51
        questions.append((sites[key], [rounds.make_environ(route, row.cookie) for route in routes]))
    samples = rounds.measure(questions, rounds=rounds_count, turns=REQUESTS_A_ROUND // 51)
    return {row.label: figures for row, figures in zip(rows, samples, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
