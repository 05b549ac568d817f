"""`penstock cgi`: what `serve` serves, when it is a folder of scripts.

In:     the folder on the command line, the options of scripts.
Out:    a target: the scripts as an application of penstock.wsgi.cgi; words for the banner.
Never:  serves (command.py), or runs a script.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.config import CGIConfig, ConfigError
from penstock.wsgi.cgi import ScriptRefusedError
from penstock.wsgi.cgi.script import find_script

_MAX_SHOWN: Final = 4


def scripts_target(directory: str, config: CGIConfig, folder: Path) -> str:
    """Return the target that stands for the scripts in `directory`.

    Args:
        directory: as given on the command line.
        config: limits of scripts.
        folder: where the command was given.

    Raises:
        ConfigError: there is no such folder.
    """
    place = (folder / directory).resolve()
    if not place.is_dir():
        raise ConfigError(f"cgi {directory!r}: no such folder", "name one with executable files")
    options = "".join(f", {name}={value!r}" for name, value in dataclasses.asdict(config).items())
    return f"penstock.wsgi.cgi:make_application({str(place)!r}{options})"


def scripts_shown(directory: str, folder: Path) -> str:
    """Return what is served, in the words of who asked for it, and some paths to look at."""
    try:
        paths = sorted(_paths((folder / directory).resolve()))
    except OSError:  # to run a script one need not be allowed to list its folder
        return f"the scripts of {directory}"
    more = ", ..." if len(paths) > _MAX_SHOWN else ""
    return f"the scripts of {directory} ({', '.join(paths[:_MAX_SHOWN]) or 'none yet'}{more})"


def _paths(place: Path) -> Iterator[str]:
    """Yield the paths of the scripts in a folder, not those of folders below it."""
    for entry in place.iterdir():
        with contextlib.suppress(ScriptRefusedError):
            name = find_script(place, b"/" + os.fsencode(entry.name)).name.decode("utf-8", "backslashreplace")
            yield name if name.isprintable() else repr(name)
