"""`penstock agent`: one agent for all servers of a machine.

In:     the parsed words.
Out:    an exit status, when it was told to leave.
Never:  takes a socket from an agent that lives.

Rules:  unix(7); the configuration is read as `serve` reads it, so both may share a file.
"""

import contextlib
import dataclasses
import errno
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock import __version__
from penstock.agent.machine import run_machine
from penstock.agent.machine.admission import House
from penstock.cli.error import CommandError
from penstock.cli.flags import given_flags
from penstock.cli.machine import OTHER_FILES, raise_file_limit
from penstock.cli.serve.banner import location
from penstock.cli.serve.ops import open_ops
from penstock.cli.serve.refusal import settle
from penstock.cli.streams import open_standard_streams
from penstock.cli.supervision import make_notifier
from penstock.config import Config, ConfigError, load_config
from penstock.server import StartError
from penstock.server.master.notify import Notifier, Phase
from penstock.telemetry.socket_path import remove_stale_socket

if TYPE_CHECKING:
    import argparse

BACKLOG: Final = 128
# A master brings four descriptors, or five, and its logs are open.
MAX_FILES: Final = 4096
FOR_US: Final = 0o600
FOR_ALL: Final = 0o666  # who may come in is asked at the door


def run_agent(arguments: "argparse.Namespace") -> int:
    """Run until told to stop.

    Raises:
        ConfigError: a word or a setting is wrong.
        CommandError: the socket cannot be listened on.
    """
    open_standard_streams()
    loaded = load_config(given_flags(arguments), os.environ, file=arguments.config, folder=Path.cwd())
    config = settle(loaded.config)
    path = config.machine.agent_socket
    if not path:
        raise ConfigError("nowhere to wait for masters", "say where: penstock agent --socket PATH")
    House.of(config.machine, os.geteuid())  # before anybody is told where to come
    path = os.path.abspath(path)  # noqa: PTH100 - as servers have to name it; resolve() would follow links
    config = dataclasses.replace(config, machine=dataclasses.replace(config.machine, agent_socket=path))
    raise_file_limit(MAX_FILES + OTHER_FILES)
    supervision = Supervision(make_notifier(os.environ, os.getpid()))
    try:
        with listen(path, has_guests=has_guests(config)) as listener, open_ops(config.server) as ops:
            announce(path, config.server.ops)
            run_machine(listener, config, supervision, ops.sock if ops else None)
    except StartError as error:
        raise CommandError(str(error)) from None
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is done; nothing may make a failure of it
    return 0


def announce(path: str, ops: str) -> None:
    """Say where servers find the agent, and how to stop it."""
    ops_line = f"  ops     {location(ops)}\n" if ops else ""
    with contextlib.suppress(OSError, ValueError):  # a closed terminal is no reason to stop
        sys.stderr.write(
            f"penstock {__version__}: an agent for the servers of this machine\n"
            f"  at      unix:{path}    (their option `agent`, or PENSTOCK_AGENT)\n"
            f"{ops_line}"
            f"  stop    Ctrl-C, or `kill {os.getpid()}`; servers go on without it\n"
            f"  status  penstock agent status\n"
        )
        sys.stderr.flush()


def has_guests(config: Config) -> bool:
    """Whether masters of other users may come."""
    return bool(config.machine.agent_allow_uids or config.machine.agent_allow_gids)


@contextlib.contextmanager
def listen(path: str, *, has_guests: bool) -> Iterator[socket.socket]:
    """Hold the socket masters connect to.

    Raises:
        CommandError: another agent listens there, or nobody can.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    with listener:
        mask = os.umask(0o777 & ~(FOR_ALL if has_guests else FOR_US))
        try:
            remove_stale_socket(path, socket.SOCK_SEQPACKET)
            listener.bind(path)
        except OSError as error:
            raise CommandError(f"cannot listen on {path!r}: {_why_not(path, error)}") from None
        finally:
            os.umask(mask)
        listener.listen(BACKLOG)
        ours = Path(path).stat()
        try:
            yield listener
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(Path(path).lstat(), ours):  # else it is a successor's
                    Path(path).unlink()


def _why_not(path: str, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return (error.strerror or str(error)).lower()
    if Path(path).is_socket():
        return "another agent does"
    return "there is a file that is no socket"


class Supervision:
    """Who started the agent (systemd), as the agent knows it.

    Args:
        notifier: tells it.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def tell(self, *, is_stopping: bool, status: str) -> None:
        """Say where the agent stands."""
        self._notifier.tell(Phase.STOPPING if is_stopping else Phase.READY, status)

    def beat(self, now_s: float) -> None:
        """Feed its watchdog."""
        self._notifier.beat(now_s)
