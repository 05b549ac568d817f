"""The grammar of the commands for running servers.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

from penstock.cli.flags import Commands, add_choice, add_config_flag


def add_status(commands: Commands) -> None:
    """Add `penstock status`."""
    status = commands.add_parser(
        "status",
        help="show the workers of the running servers",
        description="Show the workers of every running server that you may see, from their shared memory.",
    )
    add_choice(status)
    status.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_logs(commands: Commands) -> None:
    """Add `penstock logs`."""
    logs = commands.add_parser(
        "logs",
        help="read the logs back, and ask them questions",
        description="Print entries of the logs of the running server (or of the files that are named), "
        "rotated and compressed files included, in order of time.",
    )
    logs.add_argument(
        "files", nargs="*", metavar="FILE", help="log files (default: those of the running server)"
    )
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what is written from now on")
    logs.add_argument("-n", dest="number", default="", metavar="COUNT", help="only the last so many entries")
    logs.add_argument("--json", action="store_true", help="print every entry as JSON, for programs")
    for flag, metavar, text in (
        ("--status", "STATUS", "requests answered so: 404, 5xx, 200-299, or several with commas"),
        ("--slower", "TIME", "requests that took longer: 200ms, 1.5s"),
        ("--request", "ID", "what belongs to one request, or to one trace by its id"),
        ("--path", "PATH", "requests whose path begins so, or fits a pattern with *"),
        ("--since", "TIME", "from then on: 10m, 2h, 3d, 10:30, 2026-11-20T10:30"),
        ("--until", "TIME", "until then"),
        ("--level", "LEVEL", "of at least this severity: debug, info, warning, error, critical"),
        ("--worker", "PID", "of one process"),
        ("--format", "TEMPLATE", "how lines of FILE were written, if by an access_log_format of your own"),
    ):
        logs.add_argument(flag, default="", metavar=metavar, help=text)
    add_choice(logs)
    add_config_flag(logs)


def add_reload(commands: Commands) -> None:
    """Add `penstock reload`."""
    reload = commands.add_parser(
        "reload",
        help="change to the code and configuration on disk",
        description="Have a running server change to what is on disk: new workers are ready before the old "
        "ones leave; what cannot be loaded changes nothing.",
    )
    add_choice(reload)
    reload.add_argument(
        "--wait", action="store_true", help="wait until it is done; exit 1 with the traceback if it failed"
    )
