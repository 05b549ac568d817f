"""Where values come from: the command line, the environment, penstock.toml, pyproject.toml.

In:     a mapping of flags, a mapping of variables, paths.
Out:    layers: for each key a value, read and checked, and the place that holds it.
Never:  decides between layers (load.py).
Rules:  a name that nobody knows is an error with the nearest name, not a warning: a limit that was misspelt
        is a limit that is not there.
"""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from penstock.config.catalogue import OPTIONS, Option
from penstock.config.error import ConfigError
from penstock.config.value import parse_text, parse_toml

PREFIX: Final = "PENSTOCK_"
# The file itself, and the variable by which an application of penstock.web finds its settings.
NO_OPTIONS: Final = frozenset({"PENSTOCK_CONFIG", "PENSTOCK_SETTINGS_MODULE"})
# Kubernetes sets these for every Service, so also for one named "penstock" or "penstock-...".
KUBERNETES: Final = re.compile(
    r"PENSTOCK_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_.*)?)?)"
)

# Names that people bring from gunicorn, and what they are here.
GUNICORN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accesslog": "access_log",
        "access_logfile": "access_log",
        "error_logfile": "error_log",
        "errorlog": "error_log",
        "forwarded_allow_ips": "trusted_proxies",
        "graceful_timeout": "graceful_timeout_s",
        "keepalive": "keep_alive_s",
        "limit_request_field_size": "max_head_bytes",
        "limit_request_fields": "max_fields",
        "limit_request_line": "max_request_line_bytes",
        "loglevel": "log_level",
        "pid": "pid_file",
        "pidfile": "pid_file",
        "timeout": "request_timeout_s",
        "worker_connections": "max_connections",
        "wsgi_app": "application",
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One value, and where it stands ("--workers", "PENSTOCK_WORKERS", "penstock.toml line 3")."""

    value: Any
    place: str


Layer = Mapping[str, Setting]


def nearest(name: str, names: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return "did you mean 'x'?" for the most similar of the names, or nothing.

    Args:
        name: what was written.
        names: what would be known.
        likeness: least similarity, 0 to 1, that is worth a question.
    """
    import difflib  # noqa: PLC0415 - only a mistake needs it

    names = list(names)
    close = difflib.get_close_matches(name, names, n=1, cutoff=likeness)
    close = close or [candidate for candidate in names if candidate.startswith(name)][:1]
    return f"did you mean {close[0]!r}?" if close else ""


def key_hint(key: str) -> str:
    """Return what to try instead of an unknown key."""
    habit = GUNICORN.get(key)
    return f"gunicorn's {key} is {habit!r} here" if habit else nearest(key, OPTIONS)


def read_flags(flags: Mapping[str, str | list[str]]) -> Layer:
    """Read the command line: key -> text, or a list of texts for a repeatable flag.

    Raises:
        ConfigError: a value cannot be used.
    """
    layer = {}
    for key, given in flags.items():
        option = OPTIONS[key]
        place = f"--{option.flag}" if option.flag else key
        text = given if isinstance(given, str) else ",".join(given)
        layer[key] = _setting(option, text, f"{place} {text!r}", place, parse_text)
    return layer


def read_environment(environment: Mapping[str, str]) -> Layer:
    """Read PENSTOCK_*; an empty variable counts as not set, as compose files leave them.

    Raises:
        ConfigError: a variable is unknown or its value cannot be used.
    """
    layer = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in NO_OPTIONS or not text or KUBERNETES.fullmatch(name):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in OPTIONS:
            hint = nearest(name, [option.variable for option in OPTIONS.values()])
            raise ConfigError(f"unknown variable {name}", hint)
        layer[key] = _setting(OPTIONS[key], text, f"{name}={text!r}", name, parse_text)
    return layer


def read_platform(environment: Mapping[str, str], wanted: Iterable[str]) -> Layer:
    """Read the two variables that platforms set and gunicorn honours, for the wanted keys that nobody set.

    PORT listens on every address: who sets it (a container platform) routes to the machine, not to loopback.

    Raises:
        ConfigError: a value cannot be used.
    """
    layer = {}
    wanted = set(wanted)
    port = environment.get("PORT", "")
    if port and "bind" in wanted:
        if not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
            raise ConfigError(
                f"PORT={port!r}; expected a port, 1 to 65535", "or say --bind, which wins over PORT"
            )
        layer["bind"] = Setting((f"0.0.0.0:{port}",), "PORT")
    workers = environment.get("WEB_CONCURRENCY", "")
    if workers and "workers" in wanted:
        subject = f"WEB_CONCURRENCY={workers!r}"
        layer["workers"] = _setting(OPTIONS["workers"], workers, subject, "WEB_CONCURRENCY", parse_text)
    return layer


def read_file(path: Path) -> Layer:
    """Read a configuration file: the whole document, or [tool.penstock] of a pyproject.toml.

    Raises:
        ConfigError: unreadable, not TOML, an unknown key or a value that cannot be used; with the line.
    """
    text = _read_text(path)
    document = _parse_document(path, text)
    if path.name == "pyproject.toml":
        table = document.get("tool", {}).get("penstock", {})
        header = "[tool.penstock]"
        return _read_table(path, table, _lines_below(text, header))
    return _read_table(path, document, list(enumerate(text.splitlines(), 1)))


def _read_table(path: Path, table: Mapping[str, Any], lines: list[tuple[int, str]]) -> Layer:
    layer = {}
    for key, value in table.items():
        place = _place(path, key, lines)
        if key not in OPTIONS:
            hint = "options stand at the top, without tables" if isinstance(value, dict) else key_hint(key)
            raise ConfigError(f"{place}: unknown option {key!r}", hint)
        layer[key] = _setting(OPTIONS[key], value, f"{place}: {key} = {value!r}", place, parse_toml)
    return layer


def _setting(
    option: Option, raw: Any, subject: str, place: str, parse: Callable[[Option, Any], Any]
) -> Setting:
    try:
        return Setting(parse(option, raw), place)
    except ValueError as error:
        near = nearest(raw, option.choices) if option.choices and isinstance(raw, str) else ""
        raise ConfigError(f"{subject}; expected {error}", near) from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"configuration file {str(path)!r} is not UTF-8; TOML is") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read the configuration file {str(path)!r}: {reason}") from None


def _parse_document(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault, _, position = str(error).partition(" (at ")
        line = re.match(r"line ([0-9]+)", position)
        number = line[1] if line else str(len(text.splitlines()))  # "(at end of document)"
        raise ConfigError(f"{path} line {number} is not TOML: {fault[:1].lower()}{fault[1:]}") from None
    except (RecursionError, ValueError) as error:  # nested, or a number, beyond what Python reads
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from None


def _lines_below(text: str, header: str) -> list[tuple[int, str]]:
    lines = list(enumerate(text.splitlines(), 1))
    start = next((number for number, line in lines if line.strip().startswith(header)), 0)
    return lines[start:]


def _place(path: Path, key: str, lines: list[tuple[int, str]]) -> str:
    # tomllib keeps no positions; the first line that begins with the key is where a person would look.
    begins = re.compile(rf"""\s*\[?["']?{re.escape(key)}["']?\s*[].=]""")
    number = next((number for number, line in lines if begins.match(line)), None)
    return f"{path} line {number}" if number else str(path)
