"""The grammar of the commands for a project of penstock.web.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports the framework: the server runs without it, and without its libraries.
Rules:  cli/flags.py.
"""

import argparse

from penstock.cli.flags import Commands


def add_startproject(commands: Commands) -> None:
    """Add `penstock startproject`."""
    start = commands.add_parser(
        "startproject",
        help="make a site of our own framework",
        description="Make a project of penstock.web that runs at once with `penstock serve`, tests included.",
    )
    start.add_argument("name", metavar="NAME", help="of the package")
    start.add_argument("folder", nargs="?", default="", metavar="FOLDER", help="default: NAME")


def add_check(commands: Commands) -> None:
    """Add `penstock check`."""
    check = commands.add_parser(
        "check",
        help="look for mistakes in a project's settings and routes",
        description="Look for names that are not there and for mistakes in settings and routes of a project.",
    )
    _add_settings(check)
    check.add_argument("--deploy", action="store_true", help="also what strangers could use")
    check.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_routes(commands: Commands) -> None:
    """Add `penstock routes`."""
    routes = commands.add_parser(
        "routes",
        help="show which paths lead to which views",
        description="Show the routes of a project in the order in which they are tried.",
    )
    _add_settings(routes)
    routes.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_migrate(commands: Commands) -> None:
    """Add `penstock migrate`."""
    migrate = commands.add_parser(
        "migrate",
        help="bring a project's database to its migrations",
        description="Make the migrations that a database lacks, all or none.",
    )
    _add_settings(migrate)
    _add_database(migrate)
    migrate.add_argument("app", nargs="?", default="", metavar="APP", help="its label; default: all")
    migrate.add_argument(
        "revision",
        nargs="?",
        default="",
        metavar="REVISION",
        help="forward or back to it; zero: take all back",
    )


def add_makemigrations(commands: Commands) -> None:
    """Add `penstock makemigrations`."""
    make = commands.add_parser(
        "makemigrations",
        help="write the migrations that a project's models need",
        description="Compare the models with the database, which must have all migrations so far.",
    )
    _add_settings(make)
    make.add_argument("apps", nargs="*", metavar="APP", help="their labels; default: all")
    make.add_argument("-m", "--message", default="", metavar="WORDS", help="what it is about")
    make.add_argument("--empty", action="store_true", help="write one without steps, to be filled in")
    make.add_argument(
        "--check", action="store_true", help="write nothing; status 1 if something is to be written"
    )


def add_showmigrations(commands: Commands) -> None:
    """Add `penstock showmigrations`."""
    show = commands.add_parser(
        "showmigrations",
        help="show which migrations a project's database has",
        description="List the migrations of each app, with a cross where the database has it.",
    )
    _add_settings(show)
    _add_database(show)


def add_clearsessions(commands: Commands) -> None:
    """Add `penstock clearsessions`."""
    clear = commands.add_parser(
        "clearsessions",
        help="remove a project's sessions that are over",
        description="Remove the sessions whose time is over; for cron, each night.",
    )
    _add_settings(clear)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database", default="default", metavar="ALIAS", help="of DATABASES; default: default"
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settings", default="", metavar="MODULE", help="default: the environment's, else the only one here"
    )
