"""One command from words to exit status; the last place where an error can become one line.

In:     the words after `penstock`.
Out:    an exit status.
Never:  a traceback for what a user can get wrong: module, attribute, address, option, value.
Rules:  2 = the words or the configuration are wrong; 1 = right, but it did not work.
"""

import sys
from collections.abc import Sequence

from penstock.cli.entry import entry_of
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.config import ConfigError


def run_command(words: Sequence[str]) -> int:
    """Parse the words, run the command, and say in one line what went wrong."""
    try:
        arguments = parse_words(words)
        return entry_of(arguments)(arguments)
    except ConfigError as error:
        return _fail(error, status=2)
    except CommandError as error:
        return _fail(error, status=1)


def _fail(error: Exception, *, status: int) -> int:
    line = " ".join(str(error).split())  # one line, whatever a file name holds
    sys.stderr.write(f"penstock: {line}\n")
    return status
