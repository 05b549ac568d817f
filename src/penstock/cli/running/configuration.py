"""Whose files a command reads: those of the running server, else those that the configuration here names.

The configuration of a server is read where it read it. A process keeps the words, the environment and the
folder it was started with; what they said then, they say now, unless a file was changed since (and then a
reload would see that too).

In:     /proc/PID of a master; configuration files.
Out:    a configuration, the folder its paths are relative to.
Never:  asks the process; shows its environment.

Rules:  proc(5): cmdline, environ and cwd are readable by the same user, and by root.
"""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.cli.flags import given_flags
from penstock.cli.parser import parse_words
from penstock.cli.running.choice import choose_one, wanted_pid
from penstock.config import Config, ConfigError, load_config
from penstock.telemetry import find_masters

if TYPE_CHECKING:
    import argparse

_STARTED_BY: Final = frozenset({"serve", "cgi"})


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """What a server was told, or would be told here, and where it stands.

    Attributes:
        config: its configuration.
        folder: what its paths are relative to.
        subject: what a message calls it.
    """

    config: Config
    folder: Path
    subject: str


def find_running(arguments: "argparse.Namespace") -> Running:
    """Return the server that is meant; what it would be here if none runs, or a configuration is named.

    Raises:
        ConfigError: --pid or --pid-file holds no pid, or the configuration here cannot be used.
        CommandError: there is no such server, or several; its configuration cannot be read.
    """
    pid = wanted_pid(arguments.pid, arguments.pid_file)
    masters = [] if arguments.config else find_masters()
    if masters or pid is not None:
        return read_running(choose_one(masters, pid).pid)
    config = load_config({}, os.environ, file=arguments.config).config
    return Running(config, Path(config.server.chdir or "."), "no server runs, and the configuration here")


def read_running(pid: int, proc: Path = Path("/proc")) -> Running:
    """Return the configuration of a server.

    Args:
        pid: its master's.
        proc: where processes are shown.

    Raises:
        CommandError: it is gone, another user's, or its files say something that cannot be used now.
    """
    place = proc / str(pid)
    try:
        words = _texts(place / "cmdline")
        pairs = [text.partition("=") for text in _texts(place / "environ")]
        folder = (place / "cwd").readlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"cannot read the configuration of server {pid}: {reason}") from None
    environment = {name: value for name, _, value in pairs}
    start = next((at for at, word in enumerate(words) if word in _STARTED_BY), None)
    if start is None:
        raise CommandError(f"server {pid} was not started by `penstock serve` or `cgi`; name the file")
    try:
        # `python -m penstock serve ...` and `/usr/bin/penstock serve ...` alike
        arguments = parse_words(words[start:])
        # The server may have changed its folder since (--chdir); its file was looked for where it began.
        began = Path(environment.get("PWD", folder))
        loaded = load_config(given_flags(arguments), environment, file=arguments.config, folder=began)
    except ConfigError as error:
        raise CommandError(f"the configuration of server {pid} cannot be used now: {error}") from None
    return Running(loaded.config, folder, f"server {pid}")


def _texts(path: Path) -> list[str]:
    raw = path.read_bytes().decode("utf-8", "surrogateescape")
    return raw.removesuffix("\0").split("\0")
