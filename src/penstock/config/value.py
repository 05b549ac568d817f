"""One raw value to the typed value of an option, or one sentence about why not.

In:     an option and what a source holds for it: text (flags, variables) or a TOML value.
Out:    a value of the option's type, inside its limits.
Never:  guesses: `"yes"` in TOML is no boolean, 2.0 is no whole number, `K` is not known to mean 1,024.
Rules:  numbers are read by their grammar, not by int() and float(), which take "1_0", " 5", "nan" and "1e9".
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from penstock.config.catalogue import Kind, Option

NUMBER: Final = re.compile(r"(-?[0-9]{1,18}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)", re.ASCII)
TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})

# Suffixes by an option's unit. IEC names only: people disagree about what K and MB are.
SUFFIXES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "s": MappingProxyType({"": 1, "ms": 0.001, "s": 1, "min": 60, "h": 3600}),
        "bytes": MappingProxyType({"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}),
        "bytes/s": MappingProxyType({"": 1, "KiB": 1 << 10, "MiB": 1 << 20}),
    }
)
PLAIN: Final[Mapping[str, float]] = MappingProxyType({"": 1})


def parse_text(option: Option, text: str) -> Any:
    """Read a value as flags and environment variables hold it.

    Raises:
        ValueError: the text is not a value of the option; its message says what is expected.
    """
    if option.kind is Kind.SWITCH:
        return _switch(option, text)
    if option.kind is Kind.WORDS:
        return check(option, tuple(word.strip() for word in text.split(",") if word.strip()))
    if option.kind is Kind.TEXT:
        return check(option, text)
    return check(option, _number(option, text))


def parse_toml(option: Option, value: Any) -> Any:
    """Read a value as a TOML document holds it: typed; a number may also be a text with its unit ("30 s").

    Raises:
        ValueError: as parse_text.
    """
    if option.kind is Kind.SWITCH and isinstance(value, bool):
        return value
    if option.kind is Kind.WORDS and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return check(option, tuple(value))
    if isinstance(value, str) and option.kind is not Kind.SWITCH:
        return parse_text(option, value)
    if option.kind is Kind.WHOLE and type(value) is int:
        return check(option, value)
    if option.kind is Kind.NUMBER and type(value) in {int, float} and math.isfinite(value):
        return check(option, float(value))
    raise ValueError(expectation(option))


def check(option: Option, value: Any) -> Any:
    """Return the value if it lies inside the option's limits.

    Raises:
        ValueError: it does not.
    """
    if option.choices and value not in option.choices:
        raise ValueError(expectation(option))
    if option.minimum is not None and value < option.minimum:
        raise ValueError(expectation(option))
    if option.maximum is not None and value > option.maximum:
        raise ValueError(expectation(option))
    if option.kind is Kind.WORDS and option.default and not value:
        raise ValueError(expectation(option))
    return value


def expectation(option: Option) -> str:
    """Say in a few words which values the option takes: "a whole number of bytes, 0 to 65536"."""
    if option.choices:
        return f"{', '.join(option.choices[:-1])} or {option.choices[-1]}"
    if option.kind is Kind.SWITCH:
        return "true or false"
    if option.kind is Kind.TEXT:
        return "a text"
    if option.kind is Kind.WORDS:
        return "a list of one or more texts" if option.default else "a list of texts"
    return _number_expectation(option)


def _number_expectation(option: Option) -> str:
    words = "a whole number" if option.kind is Kind.WHOLE else "a number"
    words += {"s": " of seconds", "bytes": " of bytes", "bytes/s": " of bytes per second"}.get(
        option.unit, ""
    )
    if option.minimum is not None and option.maximum is not None:
        return f"{words} from {option.minimum:g} to {int(option.maximum)}"
    return words if option.minimum is None else f"{words}, at least {option.minimum:g}"


def _switch(option: Option, text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError(expectation(option))


def _number(option: Option, text: str) -> float:
    match = NUMBER.fullmatch(text)
    factor = SUFFIXES.get(option.unit, PLAIN).get(match[2]) if match else None
    if match is None or factor is None:
        raise ValueError(expectation(option))
    if option.kind is Kind.NUMBER:
        return float(match[1]) * factor
    if "." in match[1]:
        raise ValueError(expectation(option))
    return int(match[1]) * int(factor)
