"""The command line's grammar, generated from the options.

In:     words.
Out:    a namespace: `command`, `target`, and for each option that was given its text under its key.
Never:  reads values (config/value.py does, for all sources alike); so argparse sees texts only.
Rules:  at most 25 flags on `serve` (a test counts): what nobody types stays in the file. No abbreviations:
        a flag that works today must not become ambiguous by a new neighbour.
"""

import argparse
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NoReturn

from penstock import __version__
from penstock.cli.entry import ENTRIES
from penstock.cli.project.grammar import add_project_commands
from penstock.config import OPTIONS, ConfigError, Kind, Option
from penstock.config.source import GUNICORN, nearest

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
EXPECTED: Final = f"{', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}"

_AGENT_HELP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ops": "answer /livez, /metrics of all servers and /status there",
        "error_log": "where it says who came and what went wrong (default: standard error)",
    }
)

EPILOG: Final = """\
All options, those without a flag too, with unit, default and reason: docs/manual.md.
They may also stand in penstock.toml, in [tool.penstock] of pyproject.toml, or in PENSTOCK_*.
"""


class _Parser(argparse.ArgumentParser):
    """argparse with one line for an error instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message.replace("\n", " "), f"see {self.prog} --help")


def parse_words(words: Sequence[str]) -> argparse.Namespace:
    """Parse the words after `penstock`.

    Raises:
        ConfigError: they are not a command; the hint says what may have been meant.
        SystemExit: --help or --version was asked for and answered.
    """
    _check_command(words)
    arguments, unknown = build_parser().parse_known_args(words)
    if unknown:
        raise ConfigError(f"unknown argument {unknown[0]!r}", flag_hint(unknown[0], arguments.command))
    return arguments


def _check_command(words: Sequence[str]) -> None:
    if not words:
        raise ConfigError(f"no command; expected {EXPECTED}")
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        hint = nearest(words[0], COMMANDS, likeness=0.75) or f"expected {EXPECTED}"
        raise ConfigError(f"unknown command {words[0]!r}", hint)


def build_parser() -> argparse.ArgumentParser:
    """Build the grammar of all commands."""
    parser = _Parser(
        prog="penstock",
        description="Serves WSGI applications, and shows where the time of a request goes.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"penstock {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_serve(commands)
    _add_cgi(commands)
    _add_status(commands)
    _add_logs(commands)
    _add_errors(commands)
    _add_trace(commands)
    _add_metrics(commands)
    _add_reload(commands)
    _add_agent(commands)
    _add_config(commands)
    _add_doctor(commands)
    _add_systemd(commands)
    add_project_commands(commands)
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


def given_flags(arguments: argparse.Namespace) -> dict[str, str | list[str]]:
    """Return key -> text for the options that were given on the command line."""
    given = vars(arguments)
    return {key: given[key] for key in OPTIONS if given.get(key) is not None}


def _spelling(option: Option) -> str:
    if option.flag:
        return f"it is --{option.flag} here"
    return f"it has no flag: set {option.key} in penstock.toml, or {option.variable}"


def _add_serve(commands: "argparse._SubParsersAction[_Parser]") -> None:
    serve = commands.add_parser(
        "serve",
        help="serve a WSGI application",
        description="Serve a WSGI application: a master, workers that share its sockets, one writer of logs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="MODULE (its `application`, else `app`), MODULE:ATTRIBUTE, MODULE:FACTORY() or path/to/file.py",
    )
    _add_options(serve)


def _add_cgi(commands: "argparse._SubParsersAction[_Parser]") -> None:
    cgi = commands.add_parser(
        "cgi",
        help="serve the scripts of a folder (CGI)",
        description="Serve the executable files of a folder as CGI scripts: each request starts one anew.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    cgi.add_argument("directory", metavar="DIRECTORY", help="where the scripts are, e.g. cgi-bin")
    cgi.set_defaults(target="")
    _add_options(cgi)


def _add_options(parser: argparse.ArgumentParser) -> None:
    _add_config_flag(parser)
    for section, title in TITLES.items():
        options = [option for option in OPTIONS.values() if option.section == section and option.flag]
        if options:
            group = parser.add_argument_group(title)
            for option in options:
                _add_option(group, option)


def _add_status(commands: "argparse._SubParsersAction[_Parser]") -> None:
    status = commands.add_parser(
        "status",
        help="show the workers of the running servers",
        description="Show the workers of every running server that you may see, from their shared memory.",
        allow_abbrev=False,
    )
    _add_choice(status)
    status.add_argument("--json", action="store_true", help="print JSON, for programs")


def _add_logs(commands: "argparse._SubParsersAction[_Parser]") -> None:
    logs = commands.add_parser(
        "logs",
        help="read the logs back, and ask them questions",
        description="Print entries of the logs of the running server (or of the files that are named), "
        "rotated and compressed files included, in order of time.",
        allow_abbrev=False,
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
        ("--request", "ID", "what belongs to one request"),
        ("--path", "PATH", "requests whose path begins so, or fits a pattern with *"),
        ("--since", "TIME", "from then on: 10m, 2h, 3d, 10:30, 2026-11-20T10:30"),
        ("--until", "TIME", "until then"),
        ("--level", "LEVEL", "of at least this severity: debug, info, warning, error, critical"),
        ("--worker", "PID", "of one process"),
        ("--format", "TEMPLATE", "how lines of FILE were written, if by an access_log_format of your own"),
    ):
        logs.add_argument(flag, default="", metavar=metavar, help=text)
    _add_choice(logs)
    _add_config_flag(logs)


def _add_errors(commands: "argparse._SubParsersAction[_Parser]") -> None:
    errors = commands.add_parser(
        "errors",
        help="show the exceptions of the last days, by type and place",
        description="Show groups of exceptions from the store of the running server, or one: show ID.",
        allow_abbrev=False,
    )
    errors.add_argument("words", nargs="*", metavar="show ID", help="one group with its stack and request")
    errors.add_argument(
        "--since", default="", metavar="TIME", help="that occurred since then: 10m, 2h, 3d, 10:30"
    )
    errors.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_store_flags(errors)


def _add_trace(commands: "argparse._SubParsersAction[_Parser]") -> None:
    trace = commands.add_parser(
        "trace",
        help="show where the time of a kept request went",
        description="Show kept requests from the store of the running server, or one of them as a waterfall.",
        allow_abbrev=False,
    )
    trace.add_argument(
        "id", nargs="?", default="", metavar="ID", help="of a trace (its beginning), or a request"
    )
    trace.add_argument("--slowest", action="store_true", help="the slowest first, instead of the latest")
    trace.add_argument("--errors", action="store_true", help="only requests that failed")
    trace.add_argument("-n", dest="number", default="20", metavar="COUNT", help="so many (default: 20)")
    trace.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_store_flags(trace)


def _add_metrics(commands: "argparse._SubParsersAction[_Parser]") -> None:
    metrics = commands.add_parser(
        "metrics",
        help="show what a metric was in the last minutes or hours",
        description="Show a metric from the store of the running server; without a name, the names of all.",
        allow_abbrev=False,
    )
    metrics.add_argument("name", nargs="?", default="", metavar="NAME", help="of one metric")
    metrics.add_argument("--since", default="", metavar="TIME", help="from then on (default: 10m)")
    metrics.add_argument("--json", action="store_true", help="print JSON with all points, for programs")
    _add_store_flags(metrics)


def _add_store_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", default="", metavar="FILE", help="the store (default: that of the running server)"
    )
    _add_choice(parser)
    _add_config_flag(parser)


def _add_reload(commands: "argparse._SubParsersAction[_Parser]") -> None:
    reload = commands.add_parser(
        "reload",
        help="change to the code and configuration on disk",
        description="Have a running server change to what is on disk: new workers are ready before the old "
        "ones leave; what cannot be loaded changes nothing.",
        allow_abbrev=False,
    )
    _add_choice(reload)
    reload.add_argument(
        "--wait", action="store_true", help="wait until it is done; exit 1 with the traceback if it failed"
    )


def _add_agent(commands: "argparse._SubParsersAction[_Parser]") -> None:
    agent = commands.add_parser(
        "agent",
        help="run one agent for all servers of a machine; `agent status`: how agents do",
        description="Wait on a Unix socket for masters whose option `agent` is unix:PATH; write what they "
        "record. `penstock agent status` shows every agent that you may see, embedded ones too.",
        allow_abbrev=False,
    )
    agent.add_argument("action", nargs="?", choices=("run", "status"), default="run", metavar="run|status")
    _add_config_flag(agent)
    agent.add_argument(
        "--socket", dest="agent_socket", metavar="PATH", help="where masters find it; status: only this one"
    )
    for key, flag in (("agent_allow_uids", "--allow-uid"), ("agent_allow_gids", "--allow-gid")):
        text = f"{OPTIONS[key].help} (repeatable)"
        agent.add_argument(flag, dest=key, action="append", metavar="NUMBER", help=text)
    agent.add_argument(
        "--log-folder", dest="agent_log_folder", metavar="FOLDER", help=OPTIONS["agent_log_folder"].help
    )
    for key, flag in (("ops", "--ops"), ("error_log", "--error-log")):
        agent.add_argument(flag, dest=key, metavar=METAVARS.get(key, "TEXT"), help=_AGENT_HELP[key])
    agent.add_argument("--json", action="store_true", help="status: print JSON, for programs")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pid", metavar="PID", help="only the server with this pid")
    parser.add_argument("--pid-file", metavar="FILE", help="only the server whose pid this file holds")


def _add_config(commands: "argparse._SubParsersAction[_Parser]") -> None:
    config = commands.add_parser(
        "config",
        help="show every option, its value and where it was set",
        description="Read the configuration as `serve` would here, and show every value and its source.",
        allow_abbrev=False,
    )
    _add_config_flag(config)


def _add_doctor(commands: "argparse._SubParsersAction[_Parser]") -> None:
    doctor = commands.add_parser(
        "doctor",
        help="look for what will hurt in production",
        description="Examine configuration, machine and application; status 1 = something must change.",
        allow_abbrev=False,
    )
    doctor.add_argument("target", nargs="?", default="", metavar="TARGET", help="as of `penstock serve`")
    _add_config_flag(doctor)
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


def _add_systemd(commands: "argparse._SubParsersAction[_Parser]") -> None:
    systemd = commands.add_parser(
        "systemd",
        help="write unit files that fit the configuration",
        description="Write a service and a socket unit from the configuration that `serve` would use here.",
        allow_abbrev=False,
    )
    systemd.add_argument("target", nargs="?", default="", metavar="TARGET", help="as of `penstock serve`")
    _add_config_flag(systemd)
    systemd.add_argument(
        "--name", default="", metavar="NAME", help="of the units (default: that of the module)"
    )
    systemd.add_argument(
        "--user", default="", metavar="USER", help="who the application runs as (default: the option `user`)"
    )
    systemd.add_argument(
        "--output", default="", metavar="FOLDER", help="where to write them (default: to standard output)"
    )


def _add_config_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c",
        "--config",
        default="",
        metavar="FILE",
        help="configuration file (default: ./penstock.toml, if any)",
    )


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
