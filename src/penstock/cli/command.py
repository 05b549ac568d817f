"""One command from words to exit status; the last place where an error can become one line.

In:     the words after `penstock`.
Out:    an exit status.
Never:  a traceback for what a user can get wrong: module, attribute, address, option, value.
Rules:  2 = the words or the configuration are wrong; 1 = right, but it did not work.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.project.commands import PROJECT_COMMANDS
from penstock.config import ConfigError

if TYPE_CHECKING:
    import argparse


def _serve(arguments: "argparse.Namespace") -> int:
    from penstock.cli.serve import run_serve  # noqa: PLC0415 - only this command needs the server

    return run_serve(arguments)


def _status(arguments: "argparse.Namespace") -> int:
    from penstock.cli.status import run_status  # noqa: PLC0415 - only this command needs telemetry

    return run_status(arguments)


def _logs(arguments: "argparse.Namespace") -> int:
    from penstock.cli.logs import run_logs  # noqa: PLC0415 - only this command reads logs

    return run_logs(arguments)


def _errors(arguments: "argparse.Namespace") -> int:
    from penstock.cli.errors import run_errors  # noqa: PLC0415 - only this command needs the store

    return run_errors(arguments)


def _trace(arguments: "argparse.Namespace") -> int:
    from penstock.cli.trace import run_trace  # noqa: PLC0415 - only this command needs the store

    return run_trace(arguments)


def _metrics(arguments: "argparse.Namespace") -> int:
    from penstock.cli.metrics import run_metrics  # noqa: PLC0415 - only this command needs the store

    return run_metrics(arguments)


def _reload(arguments: "argparse.Namespace") -> int:
    from penstock.cli.reload import run_reload  # noqa: PLC0415 - only this command needs telemetry

    return run_reload(arguments)


def _config(arguments: "argparse.Namespace") -> int:
    from penstock.cli.effective import run_config  # noqa: PLC0415 - only this command needs it

    return run_config(arguments)


def _systemd(arguments: "argparse.Namespace") -> int:
    from penstock.cli.systemd import run_systemd  # noqa: PLC0415 - only this command needs it

    return run_systemd(arguments)


def _doctor(arguments: "argparse.Namespace") -> int:
    from penstock.cli.doctor.command import run_doctor  # noqa: PLC0415 - only this command needs it

    return run_doctor(arguments)


def _agent(arguments: "argparse.Namespace") -> int:
    if arguments.action == "status":
        from penstock.cli.agent_status import run_agent_status  # noqa: PLC0415 - only this one reads boards

        return run_agent_status(arguments)
    from penstock.cli.agent import run_agent  # noqa: PLC0415 - only this command needs the agent

    return run_agent(arguments)


COMMANDS: Final[Mapping[str, Callable[["argparse.Namespace"], int]]] = MappingProxyType(
    {
        "serve": _serve,
        "cgi": _serve,  # the same, of a folder
        "status": _status,
        "logs": _logs,
        "errors": _errors,
        "trace": _trace,
        "metrics": _metrics,
        "reload": _reload,
        "agent": _agent,
        "config": _config,
        "doctor": _doctor,
        "systemd": _systemd,
        **PROJECT_COMMANDS,
    }
)


def run_command(words: Sequence[str]) -> int:
    """Parse the words, run the command, and say in one line what went wrong."""
    try:
        arguments = parse_words(words)
        return COMMANDS[arguments.command](arguments)
    except ConfigError as error:
        return _fail(error, status=2)
    except CommandError as error:
        return _fail(error, status=1)


def _fail(error: Exception, *, status: int) -> int:
    line = " ".join(str(error).split())  # one line, whatever a file name holds
    sys.stderr.write(f"penstock: {line}\n")
    return status
