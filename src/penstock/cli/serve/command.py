"""`penstock serve` and `penstock cgi`: from configuration to a running server.

In:     the parsed words.
Out:    the exit status of the master.
Never:  loads the application: workers do, each its own.
Rules:  gunicorn's habits: the working folder is --chdir or the current one, and modules are found from it
        first. What can be refused before a process is forked is refused first (refusal.py).
"""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.cli.machine import OTHER_FILES, raise_file_limit
from penstock.cli.serve.handover import take_inheritance
from penstock.cli.serve.ops import open_ops
from penstock.cli.serve.plan import Planner, make_plan, read_config
from penstock.cli.serve.refusal import check_logs
from penstock.cli.serve.watcher import start_watcher
from penstock.cli.streams import open_standard_streams
from penstock.cli.supervision import make_notifier, passed_sockets
from penstock.config import (
    ConfigError,
)
from penstock.server import StartError, serve

if TYPE_CHECKING:
    import argparse


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


def start_reloading() -> None:
    """Let source changes reach this process as SIGHUP."""
    # Until the master has its handlers a HUP would end it; a change in the first moments needs no reload.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    start_watcher()


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
