"""`penstock serve`: from configuration to a running server.

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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock import __version__
from penstock.cli.error import CommandError
from penstock.cli.machine import available_cpus
from penstock.cli.parser import given_flags
from penstock.cli.reload import require_watchfiles, start_watcher
from penstock.config import AgentConfig, Config, ConfigError, load_config
from penstock.server import ServePlan, StartError, serve
from penstock.server.address import AddressError, TCPAddress, parse_address
from penstock.wsgi import load_application

if TYPE_CHECKING:
    import argparse

    from penstock.telemetry import Segment


def run_serve(arguments: "argparse.Namespace") -> int:
    """Serve until told to stop.

    Raises:
        ConfigError: a word or a setting is wrong.
        CommandError: an address, user or pid file cannot be used on this machine.
    """
    config = load_config(given_flags(arguments), os.environ, file=arguments.config).config
    target = arguments.target or config.application.application
    if not target:
        raise ConfigError("nothing to serve", "name the application: penstock serve mysite.wsgi")
    config = settle(config)
    enter_folder(config.server.chdir)
    if config.server.reload:
        start_reloading()
    try:
        return serve(make_plan(config, target))
    except StartError as error:
        raise CommandError(str(error)) from None


def settle(config: Config) -> Config:
    """Replace what depends on the machine, and refuse what no machine could do.

    Raises:
        ConfigError: an address is malformed, or --reload cannot work.
    """
    try:
        for word in config.server.bind:
            parse_address(word)
    except AddressError as error:
        raise ConfigError(str(error)) from None
    if config.server.reload:
        require_watchfiles()
    workers = config.server.workers or available_cpus()
    return dataclasses.replace(config, server=dataclasses.replace(config.server, workers=workers))


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


def banner(config: Config, target: str, addresses: Sequence[str]) -> str:
    """Return the lines that say what is served, where, by how many, and how to stop it."""
    server = config.server
    return (
        f"penstock {__version__} serves {target} with {_count(server.workers, 'worker')}"
        f" of {_count(server.threads, 'thread')}\n"
        f"  at      {'  '.join(map(location, addresses))}\n"
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


def make_plan(config: Config, target: str) -> ServePlan:
    """Return what the server is told."""
    return ServePlan(
        server=config.server,
        protocol=config.protocol,
        wsgi=config.wsgi,
        telemetry=config.telemetry,
        load=functools.partial(load_application, target),
        run_agent=agent_runner(config.agent),
        announce=announcer(config, target),
    )


def agent_runner(config: AgentConfig) -> Callable[["Segment", int, int], None]:
    """Return what the master calls in the agent's process: with the memory, the wake-up, the master's pid."""

    def run(segment: "Segment", wake_fd: int, master_pid: int) -> None:
        from penstock.agent import run_agent  # noqa: PLC0415 - master and workers never need it

        run_agent(segment, wake_fd, config, master_pid)

    return run


def announcer(config: Config, target: str) -> Callable[[Sequence[str]], None]:
    """Return what the master calls with its addresses when all workers are ready."""

    def announce(addresses: Sequence[str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal is no reason to stop serving
            sys.stderr.write(banner(config, target, addresses))
            sys.stderr.flush()

    return announce


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
