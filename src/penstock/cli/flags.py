"""Flags: how an option becomes one, and those that several commands share.

In:     options; parsers of commands.
Out:    flags on them; for each option that was given its text under its key.
Never:  reads values (config/value.py does, for all sources alike); so argparse sees texts only.
Rules:  at most 25 flags on `serve` (a test counts): what nobody types stays in the file. No abbreviations:
        a flag that works today must not become ambiguous by a new neighbour.
"""

import argparse
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias

from penstock.config import OPTIONS, ConfigError, Kind, Option

# What a grammar adds its command to.
Commands: TypeAlias = "argparse._SubParsersAction[Any]"

METAVARS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "access_log": "FILE",
        "bind": "ADDRESS",
        "chdir": "FOLDER",
        "error_log": "FILE",
        "group": "GROUP",
        "ops": "ADDRESS",
        "pid_file": "FILE",
        "trusted_proxies": "NETWORK",
        "umask": "OCTAL",
        "user": "USER",
    }
)

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "server": "sockets, processes, deadlines",
        "protocol": "limits of a request",
        "wsgi": "the application's environment",
        "telemetry": "shared memory, traces",
        "agent": "logs",
        "cgi": "scripts of `penstock cgi`",
        "dogstatsd": "DogStatsD",
        "store": "the store",
        "otlp": "OpenTelemetry",
        "machine": "the agent of a machine",
    }
)


class Parser(argparse.ArgumentParser):
    """argparse without abbreviations, and with one line for an error instead of the whole usage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Raise what argparse has found.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(message.replace("\n", " "), f"see {self.prog} --help")


def given_flags(arguments: argparse.Namespace) -> dict[str, str | list[str]]:
    """Return key -> text for the options that were given on the command line."""
    given = vars(arguments)
    return {key: given[key] for key in OPTIONS if given.get(key) is not None}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags of all options that have one, by section, and that of the configuration file."""
    add_config_flag(parser)
    for section, title in TITLES.items():
        options = [option for option in OPTIONS.values() if option.section == section and option.flag]
        if options:
            group = parser.add_argument_group(title)
            for option in options:
                _add_option(group, option)


def add_config_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that names the configuration file."""
    parser.add_argument(
        "-c",
        "--config",
        default="",
        metavar="FILE",
        help="configuration file (default: ./penstock.toml, if any)",
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which of the running servers is meant (running/choice.py reads them)."""
    parser.add_argument("--pid", metavar="PID", help="only the server with this pid")
    parser.add_argument("--pid-file", metavar="FILE", help="only the server whose pid this file holds")


def _add_option(group: "argparse._ArgumentGroup", option: Option) -> None:
    names = ([f"-{option.short}"] if option.short else []) + [f"--{option.flag}"]
    text = option_help(option).replace("%", "%%")
    if option.kind is Kind.SWITCH:
        group.add_argument(*names, dest=option.key, action="store_const", const="true", help=text)
    elif option.kind is Kind.WORDS:
        group.add_argument(*names, dest=option.key, action="append", metavar=_metavar(option), help=text)
    else:
        group.add_argument(*names, dest=option.key, metavar=_metavar(option), help=text)


def option_help(option: Option) -> str:
    """Return the help line of a flag: what it does, unit and default."""
    default = shown_default(option)
    if option.kind is Kind.SWITCH or not default:
        return option.help
    unit = "" if option.unit in {"", "count"} else f" {option.unit}"
    return f"{option.help} (default: {default}{unit})"


def shown_default(option: Option) -> str:
    """Return the default as a person would type it; empty where there is none."""
    if option.kind is Kind.WORDS:
        return ",".join(option.default)
    if option.kind is Kind.SWITCH:
        return "true" if option.default else "false"
    return f"{option.default:g}" if option.kind is Kind.NUMBER else str(option.default)


def _metavar(option: Option) -> str:
    if option.choices:
        return "|".join(option.choices)
    if option.unit == "s":
        return "SECONDS"
    return "COUNT" if option.kind in {Kind.WHOLE, Kind.NUMBER} else METAVARS.get(option.key, "TEXT")
