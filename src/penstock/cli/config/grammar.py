"""The grammar of `penstock config`.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

from penstock.cli.flags import Commands, add_config_flag


def add_config(commands: Commands) -> None:
    """Add `penstock config`."""
    config = commands.add_parser(
        "config",
        help="show every option, its value and where it was set",
        description="Read the configuration as `serve` would here, and show every value and its source.",
    )
    add_config_flag(config)
