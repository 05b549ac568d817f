"""`penstock config`: every option, the value it has here, and what set it.

In:     the same sources as `penstock serve`.
Out:    a table on standard output; or the error that `serve` would stop with.
Never:  starts anything.
"""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from penstock.config import OPTIONS, LoadedConfig, Option, load_config

if TYPE_CHECKING:
    import argparse

_VALUE_WIDTH: Final = 40


def run_config(arguments: "argparse.Namespace") -> int:
    """Print the effective configuration.

    Raises:
        ConfigError: a source holds something that cannot be used.
    """
    sys.stdout.write(render(load_config({}, os.environ, file=arguments.config)))
    return 0


def render(loaded: LoadedConfig) -> str:
    """Return the table: key, value as TOML, where it was set."""
    rows = [
        (option.key, _value(loaded, option), loaded.places.get(option.key, "default"))
        for option in OPTIONS.values()
    ]
    width = max(len(key) for key, _, _ in rows)
    # A value that is longer moves its own place to the right, not those of all.
    value_width = max((len(value) for _, value, _ in rows if len(value) <= _VALUE_WIDTH), default=0)
    return "".join(f"{key:<{width}}  {value:<{value_width}}  {place}\n" for key, value, place in rows)


def _value(loaded: LoadedConfig, option: Option) -> str:
    value = getattr(getattr(loaded.config, option.section), option.key)
    return "(set, not shown)" if option.secret and value else toml_value(value)


def toml_value(value: Any) -> str:
    """Return a value as one would write it in penstock.toml."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value) if isinstance(value, str) else f"{value}"  # TOML's basic strings are JSON's
