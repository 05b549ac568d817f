"""`penstock cgi`: what `serve` serves, when it is a folder of scripts.

In:     the folder on the command line, the options of scripts.
Out:    a target: the scripts as an application of penstock.wsgi.cgi.
Never:  serves (serve.py), or runs a script.
"""

import dataclasses
from pathlib import Path

from penstock.config import CGIConfig, ConfigError


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
