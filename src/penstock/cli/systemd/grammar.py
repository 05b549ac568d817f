"""The grammar of `penstock systemd`.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

from penstock.cli.flags import Commands, add_config_flag


def add_systemd(commands: Commands) -> None:
    """Add `penstock systemd`."""
    systemd = commands.add_parser(
        "systemd",
        help="write unit files that fit the configuration",
        description="Write a service and a socket unit from the configuration that `serve` would use here.",
    )
    systemd.add_argument("target", nargs="?", default="", metavar="TARGET", help="as of `penstock serve`")
    add_config_flag(systemd)
    systemd.add_argument(
        "--name", default="", metavar="NAME", help="of the units (default: that of the module)"
    )
    systemd.add_argument(
        "--user", default="", metavar="USER", help="who the application runs as (default: the option `user`)"
    )
    systemd.add_argument(
        "--output", default="", metavar="FOLDER", help="where to write them (default: to standard output)"
    )
