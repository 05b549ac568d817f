"""The command line: the only place that assembles configurations and objects.

Nothing heavy is imported before it is needed: `penstock --version` answers at once, and `penstock status`
on a machine in trouble loads no server.
"""

import sys
from collections.abc import Sequence

from penstock import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after `penstock`; those of the process unless given.

    Returns:
        The exit status: 0 done, 1 it failed, 2 the command or the configuration is wrong. A failure has
        said why in one line on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"penstock {__version__}\n")
        return 0
    from penstock.cli.command import run_command  # noqa: PLC0415 - see above

    return run_command(words)
