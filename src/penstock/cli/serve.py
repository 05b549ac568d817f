"""`penstock serve` and `penstock cgi`: from configuration to a running server.

In:     the parsed words.
Out:    the exit status of the master.
Never:  loads the application: workers do, each its own.
Rules:  gunicorn's habits: the working folder is --chdir or the current one, and modules are found from it
        first. What can be refused before a process is forked is refused here.
"""

import contextlib
import dataclasses
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, TypeVar

from penstock import __version__
from penstock.cli.cgi import scripts_shown, scripts_target
from penstock.cli.error import CommandError
from penstock.cli.handover import make_exec, take_inheritance
from penstock.cli.machine import OTHER_FILES, default_workers, memory_headroom_bytes, raise_file_limit
from penstock.cli.parser import given_flags
from penstock.cli.streams import open_standard_streams
from penstock.cli.supervision import PassedSocket, make_notifier, passed_sockets, take_passed
from penstock.cli.watcher import require_watchfiles, start_watcher
from penstock.config import (
    AgentConfig,
    Config,
    ConfigError,
    DogStatsDConfig,
    OTLPConfig,
    ProtocolConfig,
    ServerConfig,
    WSGIConfig,
    load_config,
)
from penstock.server import ServePlan, StartError, serve
from penstock.server.address import AddressError, TCPAddress, UnixAddress, parse_address
from penstock.server.listener import Listener, open_listeners
from penstock.server.master.handover import Inheritance
from penstock.server.master.notify import Notifier
from penstock.server.process import parse_identity
from penstock.telemetry.enrolment import MAX_NAME, Enrolment
from penstock.wsgi import (
    ApplicationLoadError,
    TrustConfigError,
    TrustedProxies,
    load_application,
    load_hook,
)

if TYPE_CHECKING:
    import argparse

    from penstock.telemetry import Segment

Loaded = TypeVar("Loaded")

# Connections wait here only while the agent starts anew.
OPS_BACKLOG: Final = 128
NO_FILES: Final = frozenset({"-", "off", ""})
LATE_SIGNALS: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def run_serve(arguments: "argparse.Namespace") -> int:
    """Serve until told to stop.

    Raises:
        ConfigError: a word or a setting is wrong.
        CommandError: an address, user or pid file cannot be used on this machine.
    """
    if os.getpid() == 1:
        obey_early_signals()
    open_standard_streams()
    folder = Path.cwd()
    sockets = passed_sockets(os.environ, os.getpid())
    config, target = read_config(arguments, folder, sockets)
    raise_file_limit(config.server.max_connections + OTHER_FILES)
    enter_folder(config.server.chdir)
    check_logs(config.agent)
    if config.server.reload:
        start_reloading()
    try:
        left = take_inheritance(os.environ, os.getppid())
        with open_ops(config.server, left.sockets if left else {}) as ops:
            notifier = make_notifier(os.environ, os.getpid())
            planner = Planner(arguments, folder, ops, sockets, notifier, left)
            status = serve(make_plan(config, target, planner))
    except StartError as error:
        raise CommandError(str(error)) from None
    ignore_late_signals()
    return status


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


@contextlib.contextmanager
def open_ops(
    server: ServerConfig, inherited: Mapping[str, int] = MappingProxyType({})
) -> Iterator[Listener | None]:
    """Hold the ops port's listener, where one is asked for.

    A Unix socket there is for user and group of the workers: unlike the site it is nobody else's business.

    Raises:
        StartError: the address cannot be listened on.
    """
    if not server.ops:
        yield None
        return
    address = parse_address(server.ops)
    identity = parse_identity(server.user, server.group, server.umask)
    mode = 0o660 & ~(identity.umask or 0)
    (listener,) = open_listeners([address], OPS_BACKLOG, mode, inherited)
    try:
        if isinstance(address, UnixAddress):
            os.chown(address.path, _or_same(identity.uid), _or_same(identity.gid))
        yield listener
    finally:
        listener.close(unlink=True)


def settle(config: Config) -> Config:
    """Replace what depends on the machine, and refuse what no machine could do.

    Raises:
        ConfigError: an address, a bound or a trusted proxy is malformed, or --reload cannot work.
    """
    try:
        for word in filter(None, (*config.server.bind, config.server.ops)):
            parse_address(word)
        TrustedProxies(config.wsgi.trusted_proxies, config.wsgi.forwarding_fields)
    except (AddressError, TrustConfigError) as error:
        raise ConfigError(str(error)) from None
    check_dogstatsd(config.dogstatsd)
    refuse_bad_otlp(config.otlp)
    check_agent_place(config)
    if config.server.reload:
        require_watchfiles()
    workers = config.server.workers or default_workers()
    return dataclasses.replace(config, server=dataclasses.replace(config.server, workers=workers))


def check_dogstatsd(config: DogStatsDConfig) -> None:
    """Refuse what the agent, later, could not use.

    Raises:
        ConfigError: an address or a bound is malformed.
    """
    if config == DogStatsDConfig():
        return
    from penstock.agent.dogstatsd import (  # noqa: PLC0415 - master and workers never need it
        DogStatsDOptionError,
        read_options,
    )

    try:
        read_options(config)
    except DogStatsDOptionError as error:
        raise ConfigError(str(error)) from None


def refuse_bad_otlp(config: OTLPConfig) -> None:
    """Refuse what the agent, later, could not use.

    Raises:
        ConfigError: the endpoint or a field is malformed, or the library is missing.
    """
    if not config.otlp_endpoint:
        return
    from penstock.agent.exporters import (  # noqa: PLC0415 - master and workers never need it
        OTLPOptionError,
        check_otlp,
    )

    try:
        check_otlp(config)
    except OTLPOptionError as error:
        raise ConfigError(str(error)) from None


def check_agent_place(config: Config) -> None:
    """Refuse a place where no agent can be.

    Raises:
        ConfigError: the word is none of the three, or something is asked of an agent that is not to be.
    """
    place = config.agent.agent
    if place not in {"embedded", "off"} and not place.startswith("unix:/"):
        raise ConfigError(f"agent {place!r}; expected embedded, off or unix: and an absolute path")
    if place == "off" and config.server.ops:
        raise ConfigError(
            f"ops {config.server.ops!r} with agent = 'off'; expected an agent, which answers it"
        )


def enter_folder(folder: str) -> None:
    """Change to the folder, if one is given, and let modules be found from the current one first.

    Raises:
        ConfigError: there is no such folder, or it may not be entered.
    """
    try:
        if folder:
            os.chdir(folder)
        current = str(Path.cwd())
    except OSError as error:
        raise ConfigError(f"--chdir {folder!r}: {(error.strerror or str(error)).lower()}") from None
    if sys.path[:1] != [current]:
        sys.path.insert(0, current)


def check_logs(config: AgentConfig) -> None:
    """Refuse logs that could not be written: the agent, later, could complain of them nowhere else.

    Raises:
        ConfigError: the access log's format cannot be used.
        CommandError: there is no such folder, or the file is one.
    """
    check_log_format(config.access_log_format)
    for option, word in (
        ("--access-log", config.access_log),
        ("--error-log", config.error_log),
        ("application_log", config.application_log),
    ):
        if word in {"", "-", "off"}:
            continue
        if not Path(word).parent.is_dir():
            raise CommandError(f"{option} {word!r}: there is no folder {str(Path(word).parent)!r}")
        if Path(word).is_dir():
            raise CommandError(f"{option} {word!r} is a folder; expected a file, - or off")


def check_log_format(word: str) -> None:
    """Refuse a template that cannot be used.

    Raises:
        ConfigError: it says what is wrong with it.
    """
    if word in {"text", "json"}:
        return
    from penstock.agent.logs.form import access_form  # noqa: PLC0415 - else only the agent's process needs it
    from penstock.agent.logs.template import TemplateError  # noqa: PLC0415 - the same
    from penstock.telemetry.clock import WallClock  # noqa: PLC0415 - the same

    try:
        access_form(word, WallClock())
    except TemplateError as error:
        raise ConfigError(str(error)) from None


def banner(config: Config, target: str, addresses: Sequence[str], ops: str = "") -> str:
    """Return the lines that say what is served, where, by how many, and how to stop it."""
    server = config.server
    ops_line = f"  ops     {location(ops)}\n" if ops else ""
    return (
        f"penstock {__version__} serves {target} with {_count(server.workers, 'worker')}"
        f" of {_count(server.threads, 'thread')}\n"
        f"  at      {'  '.join(map(location, addresses))}\n"
        f"{ops_line}"
        f"  stop    Ctrl-C, or `kill {os.getpid()}` to let running requests finish\n"
        f"  status  penstock status\n"
    )


def location(word: str) -> str:
    """Return an address as one would open it: a URL for a TCP address."""
    address = parse_address(word)
    if not isinstance(address, TCPAddress):
        return word
    return f"http://{dataclasses.replace(address, host=address.host or '0.0.0.0')}"


def start_reloading() -> None:
    """Let source changes reach this process as SIGHUP."""
    # Until the master has its handlers a HUP would end it; a change in the first moments needs no reload.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    start_watcher()


def _or_same(number: int | None) -> int:
    """Return an id as chown(2) takes it: -1 leaves what is."""
    return -1 if number is None else number


def obey_early_signals() -> None:
    """Let a stop end us before the master listens to signals: to process 1 the kernel lends no defaults."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda given, _: sys.exit(128 + given))


def ignore_late_signals() -> None:
    """Make the end uninterruptible: all is done, and Python gives signals their defaults back as it leaves.

    A second Ctrl-C, or a reload of the last moment, would turn an orderly end into a death by signal.
    """
    for number in LATE_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


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
        inheritance=planner.inheritance,
        ops=planner.ops,
        notifier=planner.notifier,
    )


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


def _below_imports(frames: TracebackType | None) -> TracebackType | None:
    """Leave out the frames above the application's first one: ours and the import system's."""
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(
        ("penstock.", "importlib")
    ):
        frames = frames.tb_next
    return frames


def agent_runner(config: Config, ops: Listener | None = None) -> Callable[["Segment", int], None]:
    """Return what the master calls in the agent's process: with the memory and the master's pid."""

    def run(segment: "Segment", master_pid: int) -> None:
        from penstock.agent import OpsSeat, run_agent  # noqa: PLC0415 - master and workers never need it

        # After a handover the port is another program's, and an agent may still have to write out.
        is_open = ops is not None and ops.sock.fileno() >= 0
        seat = OpsSeat(ops.sock, config.server.threads) if ops and is_open else None
        run_agent(segment, config, master_pid, seat)

    return run


def announcer(config: Config, target: str, ops: str = "") -> Callable[[Sequence[str]], None]:
    """Return what the master calls with its addresses when all workers are ready."""

    def announce(addresses: Sequence[str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal is no reason to stop serving
            sys.stderr.write(banner(config, target, addresses, ops))
            sys.stderr.flush()

    return announce


def _shown(planner: Planner, target: str) -> str:
    """Return what is served, in the words of who asked for it."""
    directory = getattr(planner.arguments, "directory", "")
    return scripts_shown(directory, planner.folder) if directory else target


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
