"""The grammar of `penstock serve` and `penstock cgi`: every option that has a flag.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

import argparse
from typing import Final

from penstock.cli.flags import Commands, add_options

EPILOG: Final = """\
All options, those without a flag too, with unit, default and reason: docs/manual.md.
They may also stand in penstock.toml, in [tool.penstock] of pyproject.toml, or in PENSTOCK_*.
"""


def add_serve(commands: Commands) -> None:
    """Add `penstock serve`."""
    serve = commands.add_parser(
        "serve",
        help="serve a WSGI application",
        description="Serve a WSGI application: a master, workers that share its sockets, one writer of logs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="MODULE (its `application`, else `app`), MODULE:ATTRIBUTE, MODULE:FACTORY() or path/to/file.py",
    )
    add_options(serve)


def add_cgi(commands: Commands) -> None:
    """Add `penstock cgi`."""
    cgi = commands.add_parser(
        "cgi",
        help="serve the scripts of a folder (CGI)",
        description="Serve the executable files of a folder as CGI scripts: each request starts one anew.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cgi.add_argument("directory", metavar="DIRECTORY", help="where the scripts are, e.g. cgi-bin")
    cgi.set_defaults(target="")
    add_options(cgi)
