"""Every command: the function that runs it, and the one that adds its grammar.

In:     the name of a command.
Out:    functions: one takes the parsed words and returns an exit status, one adds it to the parser.
Never:  imports what another command needs: `status` works where the server does not, and the server runs
        without the framework.
"""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse

    from penstock.cli.flags import Commands


# In the order of `penstock --help`.
ENTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serve": "serve.command:run_serve",
        "cgi": "serve.command:run_serve",  # the same, of a folder
        "status": "running.status:run_status",
        "logs": "running.logs:run_logs",
        "errors": "store.errors:run_errors",
        "trace": "store.trace:run_trace",
        "metrics": "store.metrics:run_metrics",
        "reload": "running.reload:run_reload",
        "agent": "agent.command:run_agent",
        "config": "config.effective:run_config",
        "doctor": "doctor.command:run_doctor",
        "systemd": "systemd.command:run_systemd",
        "startproject": "project.startproject:run_startproject",
        "check": "project.check:run_check",
        "routes": "project.routes:run_routes",
        "migrate": "project.migrations:run_migrate",
        "makemigrations": "project.migrations:run_makemigrations",
        "showmigrations": "project.migrations:run_showmigrations",
        "clearsessions": "project.sessions:run_clearsessions",
    }
)
# It reads boards, and needs no agent.
_AGENT_STATUS: Final = "agent.status:run_agent_status"


def grammar_of(command: str) -> "Callable[[Commands], None]":
    """Return the function that adds a command to the parser: it stands in the command's room."""
    room = ENTRIES[command].partition(".")[0]
    found: Callable[[Commands], None] = _import(f"{room}.grammar:add_{command}")
    return found


def entry_of(arguments: "argparse.Namespace") -> "Callable[[argparse.Namespace], int]":
    """Return the function for parsed words."""
    is_agent_status = arguments.command == "agent" and arguments.action == "status"
    found: Callable[[argparse.Namespace], int] = _import(
        _AGENT_STATUS if is_agent_status else ENTRIES[arguments.command]
    )
    return found


def _import(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"penstock.cli.{module}"), name)
