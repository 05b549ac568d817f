"""The grammar of the commands that read the store.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

import argparse

from penstock.cli.flags import Commands, add_choice, add_config_flag


def add_errors(commands: Commands) -> None:
    """Add `penstock errors`."""
    errors = commands.add_parser(
        "errors",
        help="show the exceptions of the last days, by type and place",
        description="Show groups of exceptions from the store of the running server, or one: show ID.",
    )
    errors.add_argument("words", nargs="*", metavar="show ID", help="one group with its stack and request")
    errors.add_argument(
        "--since", default="", metavar="TIME", help="that occurred since then: 10m, 2h, 3d, 10:30"
    )
    errors.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_store_flags(errors)


def add_trace(commands: Commands) -> None:
    """Add `penstock trace`."""
    trace = commands.add_parser(
        "trace",
        help="show where the time of a kept request went",
        description="Show kept requests from the store of the running server, or one of them as a waterfall.",
    )
    trace.add_argument(
        "id", nargs="?", default="", metavar="ID", help="of a trace (its beginning), or a request"
    )
    trace.add_argument("--slowest", action="store_true", help="the slowest first, instead of the latest")
    trace.add_argument("--errors", action="store_true", help="only requests that failed")
    trace.add_argument("-n", dest="number", default="20", metavar="COUNT", help="so many (default: 20)")
    trace.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_store_flags(trace)


def add_metrics(commands: Commands) -> None:
    """Add `penstock metrics`."""
    metrics = commands.add_parser(
        "metrics",
        help="show what a metric was in the last minutes or hours",
        description="Show a metric from the store of the running server; without a name, the names of all.",
    )
    metrics.add_argument("name", nargs="?", default="", metavar="NAME", help="of one metric")
    metrics.add_argument("--since", default="", metavar="TIME", help="from then on (default: 10m)")
    metrics.add_argument("--json", action="store_true", help="print JSON with all points, for programs")
    _add_store_flags(metrics)


def _add_store_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", default="", metavar="FILE", help="the store (default: that of the running server)"
    )
    add_choice(parser)
    add_config_flag(parser)
