"""Every command, and the function that runs it.

In:     the name of a command.
Out:    its function, taking the parsed words and returning an exit status.
Never:  imports what another command needs: `status` works where the server does not, and the server runs
        without the framework.
"""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

# In the order of `penstock --help`.
ENTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serve": "serve:run_serve",
        "cgi": "serve:run_serve",  # the same, of a folder
        "status": "status:run_status",
        "logs": "logs:run_logs",
        "errors": "errors:run_errors",
        "trace": "trace:run_trace",
        "metrics": "metrics:run_metrics",
        "reload": "reload:run_reload",
        "agent": "agent:run_agent",
        "config": "effective:run_config",
        "doctor": "doctor.command:run_doctor",
        "systemd": "systemd:run_systemd",
        "startproject": "project.startproject:run_startproject",
        "check": "project.check:run_check",
        "routes": "project.routes:run_routes",
        "migrate": "project.migrations:run_migrate",
        "makemigrations": "project.migrations:run_makemigrations",
        "showmigrations": "project.migrations:run_showmigrations",
    }
)
# It reads boards, and needs no agent.
_AGENT_STATUS: Final = "agent_status:run_agent_status"


def entry_of(arguments: "argparse.Namespace") -> "Callable[[argparse.Namespace], int]":
    """Return the function for parsed words."""
    is_agent_status = arguments.command == "agent" and arguments.action == "status"
    place = _AGENT_STATUS if is_agent_status else ENTRIES[arguments.command]
    module, _, function = place.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"penstock.cli.{module}"), function
    )
    return found
