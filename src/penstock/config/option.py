"""One configuration field: its default, unit, reason and how it is spelt elsewhere.

In:     what a dataclass field declares.
Out:    `dataclasses.field` with metadata that flags, TOML keys and the manual are generated from.
Never:  reads a file, the environment or the command line (load.py does).
"""

import dataclasses
from typing import Any


def option(  # noqa: PLR0913 - one keyword for each column of the manual
    default: Any,
    *,
    help: str,  # noqa: A002 - argparse's name for it
    reason: str,
    unit: str = "",
    flag: str = "",
    short: str = "",
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    secret: bool = False,
) -> Any:
    """Declare one option of a configuration dataclass.

    Args:
        default: the value we would deploy.
        help: what it does, one sentence.
        reason: why this default; the precedent.
        unit: seconds, bytes, count ... shown in the manual.
        flag: command-line spelling without dashes; empty = configuration file and environment only.
        short: one-letter flag.
        choices: the allowed words.
        minimum: smallest allowed number.
        maximum: largest allowed number.
        secret: its value is shown to nobody.
    """
    metadata = {
        "help": help,
        "reason": reason,
        "unit": unit,
        "flag": flag,
        "short": short,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "secret": secret,
    }
    return dataclasses.field(default=default, metadata=metadata)
