"""The columns of a file of measurements.

    tool, parameter   names, as the overview shows them
    subgroup          a whole number above all that are stored of the parameter
    taken_at          ISO 8601 with a time zone: 2026-11-20T15:04:05Z
    value             a number
    size              pieces inspected; only for counts, else it may be left out

One row is one measurement; the rows of a subgroup stand together, and subgroups in their order.
"""

import pyarrow as pa

from spc.imports.fault import RefusedFileError

REQUIRED = ("tool", "parameter", "subgroup", "taken_at", "value")
OPTIONAL = ("size",)
TYPES = {
    "tool": pa.string(),
    "parameter": pa.string(),
    "subgroup": pa.int64(),
    "taken_at": pa.timestamp("us", "UTC"),
    "value": pa.float64(),
    "size": pa.int64(),
}
EXPECTED = {
    "tool": "the name of a tool",
    "parameter": "the name of a parameter",
    "subgroup": "a whole number",
    "taken_at": "a moment such as 2026-11-20T15:04:05Z",
    "value": "a number",
    "size": "a whole number",
}
MAX_COLUMNS = 20
MAX_ROWS = 5_000_000
BATCH_ROWS = 65_536


def check_columns(names: list[str]) -> list[str]:
    """Return the columns to read.

    Raises:
        RefusedFileError: one is missing or there twice, or there are more than any file of measurements has.
    """
    if len(names) > MAX_COLUMNS:
        raise RefusedFileError(f"{len(names):,} columns; expected at most {MAX_COLUMNS}")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        found = ", ".join(repr(name[:30]) for name in names)
        raise RefusedFileError(f"no column {missing[0]!r}; expected {', '.join(REQUIRED)}; there are {found}")
    wanted = [name for name in (*REQUIRED, *OPTIONAL) if name in names]
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise RefusedFileError(f"column {twice[0]!r} is there {names.count(twice[0])} times; expected once")
    return wanted
