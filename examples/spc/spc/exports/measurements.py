"""The measurements of a parameter as a file, in the columns that an import reads.

In:     a Parameter, its Readings.
Out:    CSV as text, piece by piece; Parquet as bytes.

Rules:  a text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
        injection).
"""

import csv
import datetime as dt
import io
from collections.abc import Iterator

import numpy as np

from spc.models import Parameter
from spc.readings import Readings

COLUMNS = ("tool", "parameter", "subgroup", "taken_at", "value", "size")
PIECE = 2000  # subgroups
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(parameter: Parameter, readings: Readings) -> Iterator[str]:
    """Return the lines of a CSV file, some thousand at a time; what is missing has no line."""
    names = _safe(parameter.tool.name), _safe(parameter.name)
    return _lines(names, readings)


def parquet_of(parameter: Parameter, readings: Readings) -> bytes:
    """Return a Parquet file."""
    import pyarrow as pa  # noqa: PLC0415 - it takes 60 MB: only a worker that exports Parquet loads it
    from pyarrow import parquet  # noqa: PLC0415 - the same

    width = readings.values.shape[1]
    is_there = ~np.isnan(readings.values).ravel()
    count = int(is_there.sum())
    table = pa.table(
        {
            "tool": pa.array([parameter.tool.name] * count).dictionary_encode(),
            "parameter": pa.array([parameter.name] * count).dictionary_encode(),
            "subgroup": np.repeat(readings.numbers, width)[is_there],
            "taken_at": pa.array(np.repeat(readings.taken_s, width)[is_there]).cast(pa.timestamp("s", "UTC")),
            "value": readings.values.ravel()[is_there],
            "size": np.repeat(readings.sizes, width)[is_there],
        }
    )
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _lines(names: tuple[str, str], readings: Readings) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for first in range(0, readings.count, PIECE):
        text = io.StringIO()
        writer = csv.writer(text)
        for index in range(first, min(first + PIECE, readings.count)):
            taken = dt.datetime.fromtimestamp(int(readings.taken_s[index]), dt.UTC).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
            beginning, size = (*names, readings.numbers[index], taken), readings.sizes[index]
            values = readings.values[index]
            writer.writerows((*beginning, value, size) for value in values[~np.isnan(values)].tolist())
        yield text.getvalue()


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
