"""One Config from all sources.

In:     flags, the environment, the folder the command was given in.
Out:    a Config, and for each key that somebody set the place it was set.
Never:  looks at a value (value.py), at the clock, at the machine.
Rules:  flags > PENSTOCK_* > the file of --config, or ./penstock.toml > [tool.penstock] of ./pyproject.toml
        > PORT and WEB_CONCURRENCY > defaults. A wrong value is an error also where a stronger one hides it.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.config.catalogue import OPTIONS, SECTIONS, Config
from penstock.config.source import Layer, read_environment, read_file, read_flags, read_platform


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The configuration, and where each value that is no default stands."""

    config: Config
    places: Mapping[str, str]  # key -> "--workers", "PENSTOCK_WORKERS", "penstock.toml line 3"


def load_config(
    flags: Mapping[str, str | list[str]],
    environment: Mapping[str, str],
    *,
    file: str = "",
    folder: Path | None = None,
) -> LoadedConfig:
    """Merge all sources.

    Args:
        flags: key -> text, or a list of texts for a repeatable flag; only what was given.
        environment: the variables of the process.
        file: the file of --config; empty = PENSTOCK_CONFIG, else penstock.toml where there is one.
        folder: where to look for files; the current folder unless given.

    Raises:
        ConfigError: any source holds something that cannot be used; nothing is half applied.
    """
    folder = folder or Path()
    named = file or environment.get("PENSTOCK_CONFIG", "")
    layers = [
        _read_if_there(folder / "pyproject.toml"),
        read_file(folder / named) if named else _read_if_there(folder / "penstock.toml"),
        read_environment(environment),
        read_flags(flags),
    ]
    settings = {key: setting for layer in layers for key, setting in layer.items()}
    settings |= read_platform(environment, OPTIONS.keys() - settings.keys())
    places = {key: setting.place for key, setting in settings.items()}
    return LoadedConfig(_assemble({key: setting.value for key, setting in settings.items()}), places)


def _read_if_there(path: Path) -> Layer:
    return read_file(path) if path.exists() else {}


def _assemble(values: Mapping[str, Any]) -> Config:
    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, value in values.items():
        sections[OPTIONS[key].section][key] = value
    return Config(**{section: SECTIONS[section](**given) for section, given in sections.items()})
