"""The command line's grammar, put together from those of the commands.

In:     words.
Out:    a namespace: `command`, `target`, and for each option that was given its text under its key.
Never:  builds what is not asked for: of a command that is named, its own grammar only.
Rules:  flags.py.
"""

import argparse
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from penstock import __version__
from penstock.cli.entry import ENTRIES, grammar_of
from penstock.cli.flags import Parser
from penstock.config import OPTIONS, ConfigError, Option
from penstock.config.source import GUNICORN, nearest

# gunicorn's flags that have no like here, and what to do.
ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "-D": "systemd or a container keeps it in the background, see docs/deploying.md",
        "--daemon": "systemd or a container keeps it in the background, see docs/deploying.md",
        "-k": "there is one kind of worker; --threads and --lanes shape it",
        "--worker-class": "there is one kind of worker; --threads and --lanes shape it",
        "-p": "it is --pid-file here",
        "--log-file": "it is --error-log here",
        "--certfile": "TLS ends in the proxy in front, see docs/deploying.md",
        "--keyfile": "TLS ends in the proxy in front, see docs/deploying.md",
    }
)

COMMANDS: Final = tuple(ENTRIES)
BEFORE_COMMANDS: Final = frozenset({"-h", "--help", "-V", "--version"})
EXPECTED: Final = f"{', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}"


def parse_words(words: Sequence[str]) -> argparse.Namespace:
    """Parse the words after `penstock`.

    Raises:
        ConfigError: they are not a command; the hint says what may have been meant.
        SystemExit: --help or --version was asked for and answered.
    """
    _check_command(words)
    names = words[:1] if words[0] in COMMANDS else COMMANDS  # `penstock --help` needs all
    arguments, unknown = build_parser(names).parse_known_args(words)
    if unknown:
        raise ConfigError(f"unknown argument {unknown[0]!r}", flag_hint(unknown[0], arguments.command))
    return arguments


def _check_command(words: Sequence[str]) -> None:
    if not words:
        raise ConfigError(f"no command; expected {EXPECTED}")
    if words[0].startswith("-"):
        if words[0] not in BEFORE_COMMANDS:
            raise ConfigError(f"{words[0]!r} before a command", f"expected {EXPECTED} first")
    elif words[0] not in COMMANDS:
        hint = nearest(words[0], COMMANDS, likeness=0.75) or f"expected {EXPECTED}"
        raise ConfigError(f"unknown command {words[0]!r}", hint)


def build_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the grammar of these commands."""
    parser = Parser(
        prog="penstock",
        description="Serves WSGI applications, and shows where the time of a request goes.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"penstock {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name in names:
        grammar_of(name)(commands)
    return parser


def flag_hint(word: str, command: str) -> str:
    """Return what to do instead of a word that the command does not know."""
    flag = word.partition("=")[0]
    if not flag.startswith("-"):
        return "quote it if it belongs to the word before"
    if command not in {"serve", "cgi"}:
        return f"see penstock {command} --help"
    if flag in ELSEWHERE:
        return ELSEWHERE[flag]
    name = flag.lstrip("-").replace("-", "_")
    key = GUNICORN.get(name, name)
    if key in OPTIONS:
        return _spelling(OPTIONS[key])
    near = nearest(flag, [f"--{option.flag}" for option in OPTIONS.values() if option.flag])
    return near or "see penstock serve --help"


def _spelling(option: Option) -> str:
    if option.flag:
        return f"it is --{option.flag} here"
    return f"it has no flag: set {option.key} in penstock.toml, or {option.variable}"
