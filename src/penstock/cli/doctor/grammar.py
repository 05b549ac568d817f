"""The grammar of `penstock doctor`.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

from penstock.cli.flags import Commands, add_config_flag


def add_doctor(commands: Commands) -> None:
    """Add `penstock doctor`."""
    doctor = commands.add_parser(
        "doctor",
        help="look for what will hurt in production",
        description="Examine configuration, machine and application; status 1 = something must change.",
    )
    doctor.add_argument("target", nargs="?", default="", metavar="TARGET", help="as of `penstock serve`")
    add_config_flag(doctor)
    doctor.add_argument(
        "--pid", metavar="PID", help="measure the workers of this server (default: the only one)"
    )
    doctor.add_argument(
        "--proxy-keep-alive",
        default="60",
        metavar="SECONDS",
        help="how long the proxy in front keeps idle connections (default: 60, as most)",
    )
    doctor.add_argument("--json", action="store_true", help="print JSON, for programs")
