"""The commands for a project of penstock.web: their grammar, and what runs them.

In:     the parser of all commands.
Out:    three more; a function for each.
Never:  imports the framework: the server runs without it, and without its libraries.
Rules:  parser.py's.
"""

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final


def add_project_commands(commands: Any) -> None:
    """Add `startproject`, `check` and `routes` to the grammar."""
    start = commands.add_parser(
        "startproject",
        help="make a site of our own framework",
        description="Make a project of penstock.web that runs at once with `penstock serve`, tests included.",
        allow_abbrev=False,
    )
    start.add_argument("name", metavar="NAME", help="of the package")
    start.add_argument("folder", nargs="?", default="", metavar="FOLDER", help="default: NAME")
    check = commands.add_parser(
        "check",
        help="look for mistakes in a project's settings and routes",
        description="Look for names that are not there and for mistakes in settings and routes of a project.",
        allow_abbrev=False,
    )
    _add_settings(check)
    check.add_argument("--deploy", action="store_true", help="also what strangers could use")
    check.add_argument("--json", action="store_true", help="print JSON, for programs")
    routes = commands.add_parser(
        "routes",
        help="show which paths lead to which views",
        description="Show the routes of a project in the order in which they are tried.",
        allow_abbrev=False,
    )
    _add_settings(routes)
    routes.add_argument("--json", action="store_true", help="print JSON, for programs")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settings", default="", metavar="MODULE", help="default: the environment's, else the only one here"
    )


def _startproject(arguments: argparse.Namespace) -> int:
    from penstock.cli.startproject import run_startproject  # noqa: PLC0415 - only this command needs it

    return run_startproject(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from penstock.cli.check_project import run_check  # noqa: PLC0415 - only this command needs it

    return run_check(arguments)


def _routes(arguments: argparse.Namespace) -> int:
    from penstock.cli.routes import run_routes  # noqa: PLC0415 - only this command needs it

    return run_routes(arguments)


PROJECT_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = MappingProxyType(
    {"startproject": _startproject, "check": _check, "routes": _routes}
)
