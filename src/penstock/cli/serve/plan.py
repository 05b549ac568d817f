"""The plan of a server: what the master is told at the start, and again at each reload.

In:     the words of the command line, configuration files, sockets that were passed.
Out:    a ServePlan.
Never:  loads the application: template or workers do.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeVar

from penstock.cli.error import CommandError
from penstock.cli.flags import given_flags
from penstock.cli.machine import memory_headroom_bytes
from penstock.cli.serve.banner import announcer
from penstock.cli.serve.cgi import scripts_shown, scripts_target
from penstock.cli.serve.handover import make_exec
from penstock.cli.serve.refusal import check_logs, settle
from penstock.cli.supervision import PassedSocket, take_passed
from penstock.config import (
    AgentConfig,
    Config,
    ConfigError,
    ProtocolConfig,
    ServerConfig,
    WSGIConfig,
    load_config,
)
from penstock.server import ServePlan, StartError
from penstock.server.listener import Listener
from penstock.server.master.handover import Inheritance
from penstock.server.master.notify import Notifier
from penstock.server.plan import RunAgent
from penstock.telemetry.enrolment import MAX_NAME, Enrolment
from penstock.wsgi import ApplicationLoadError, load_application, load_hook

if TYPE_CHECKING:
    import argparse

    from penstock.telemetry import Segment

Loaded = TypeVar("Loaded")

NO_FILES: Final = frozenset({"-", "off", ""})


def read_config(
    arguments: "argparse.Namespace", folder: Path, sockets: Sequence[PassedSocket] = ()
) -> tuple[Config, str]:
    """Return the configuration as it stands now, and the name of the application.

    Args:
        arguments: the words of the command line.
        folder: where files are looked for.
        sockets: passed by a service manager.

    Raises:
        ConfigError: it cannot be used, or names nothing to serve.
    """
    flags = given_flags(arguments)
    loaded = load_config(flags, os.environ, file=arguments.config, folder=folder)
    server = take_passed(loaded.config.server, sockets, is_bound="bind" in loaded.places)
    config = settle(dataclasses.replace(loaded.config, server=server))
    if directory := getattr(arguments, "directory", ""):
        return config, scripts_target(directory, config.cgi, folder)
    target = arguments.target or config.application.application
    if not target:
        raise ConfigError("nothing to serve", "name the application: penstock serve mysite.wsgi")
    named = dataclasses.replace(config.application, application=target)  # the agent calls it so
    return dataclasses.replace(config, application=named), target


@dataclasses.dataclass(frozen=True, slots=True)
class Planner:
    """Reads the configuration again, for a reload.

    Attributes:
        arguments: the words of the command line.
        folder: where it was given, and files are looked for.
        ops: the ops port's listener, which stays.
        sockets: passed by a service manager, which stay as well.
        notifier: who tells it where the server stands.
        inheritance: what the program left that this one takes over from.
    """

    arguments: "argparse.Namespace"
    folder: Path
    ops: Listener | None = None
    sockets: Sequence[PassedSocket] = ()
    notifier: Notifier = dataclasses.field(default_factory=Notifier)
    inheritance: Inheritance | None = None

    def __call__(self) -> ServePlan:
        """Return the plan as it would be made now.

        Raises:
            StartError: the configuration cannot be used.
        """
        try:
            config, target = read_config(self.arguments, self.folder, self.sockets)
            check_logs(config.agent)
        except (ConfigError, CommandError) as error:
            raise StartError(str(error)) from None
        return make_plan(config, target, self)


def make_plan(config: Config, target: str, planner: Planner) -> ServePlan:
    """Return what the server is told."""
    return ServePlan(
        server=config.server,
        protocol=config.protocol,
        wsgi=config.wsgi,
        telemetry=config.telemetry,
        load=functools.partial(own_part(load_application), target),
        find_hook=own_part(load_hook),
        agent=agent_part(config),
        agent_place=config.agent.agent,
        enrolment=make_enrolment(config, target, has_ops=planner.ops is not None),
        run_agent=agent_runner(config, planner.ops),
        announce=announcer(config, _shown(planner, target), str(planner.ops or "")),
        renew=planner,
        headroom=memory_headroom_bytes,
        execute=make_exec(planner.folder),
        is_error_log_shown=_is_error_log_shown(config.agent),
        inheritance=planner.inheritance,
        ops=planner.ops,
        notifier=planner.notifier,
    )


def _is_error_log_shown(agent: AgentConfig) -> bool:
    is_ours = not agent.agent.startswith("unix:")  # else it is the standard error of the machine's agent
    return is_ours and agent.error_log == "-" and agent.error_log_format == "text"


def make_enrolment(config: Config, target: str, *, has_ops: bool) -> Enrolment:
    """Return what the agent of the machine is told: its folder is another, so paths are made absolute."""
    logs = dataclasses.asdict(config.agent)
    paths = {
        key: str(Path(logs[key]).absolute())
        for key in ("access_log", "error_log", "application_log")
        if logs[key] not in NO_FILES
    }
    return Enrolment(target[:MAX_NAME], config.server.threads, logs | paths, has_ops=has_ops)


def agent_part(config: Config) -> Config:
    """Return the configuration without what is the workers' alone: if it differs, so does the agent."""
    return dataclasses.replace(config, server=ServerConfig(), protocol=ProtocolConfig(), wsgi=WSGIConfig())


def own_part(load: Callable[[str], Loaded]) -> Callable[[str], Loaded]:
    """Return `load` with tracebacks that show the application's part only."""

    def load_own(target: str) -> Loaded:
        try:
            return load(target)
        except ApplicationLoadError as error:
            if error.__cause__ is not None:
                error.__cause__.__traceback__ = _below_imports(error.__cause__.__traceback__)
            raise

    return load_own


def agent_runner(config: Config, ops: Listener | None = None) -> RunAgent:
    """Return what the master calls in the agent's process: with memory, pid and what gives up rights."""

    def run(segment: "Segment", master_pid: int, assume: Callable[[], object]) -> None:
        from penstock.agent import OpsSeat, run_agent  # noqa: PLC0415 - master and workers never need it

        assume()
        # After a handover the port is another program's, and an agent may still have to write out.
        is_open = ops is not None and ops.sock.fileno() >= 0
        seat = OpsSeat(ops.sock, config.server.threads) if ops and is_open else None
        run_agent(segment, config, master_pid, seat)

    return run


def _below_imports(frames: TracebackType | None) -> TracebackType | None:
    """Leave out the frames above the application's first one: ours and the import system's."""
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(
        ("penstock.", "importlib")
    ):
        frames = frames.tb_next
    return frames


def _shown(planner: Planner, target: str) -> str:
    """Return what is served, in the words of who asked for it."""
    directory = getattr(planner.arguments, "directory", "")
    return scripts_shown(directory, planner.folder) if directory else target
