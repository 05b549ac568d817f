"""A Parquet file as batches of columns.

In:     a path.
Out:    (rows of the file, columns, bytes read so far), some ten thousand rows at a time.
Never:  believes what the file says of itself: its rows are counted again, and its process has a limit of
        memory.

Rules:  a small file may unpack to anything. What it admits to is refused by MAX_UNPACKED_BYTES before a page
        is read; what it does not admit to ends at the process's limit (process.py).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from spc.imports.columns import BATCH_ROWS, EXPECTED, MAX_ROWS, check_columns
from spc.imports.fault import RefusedFileError

MAX_UNPACKED_BYTES = 1024**3
BUFFER_BYTES = 1 << 20
MAX_DESCRIPTION_BYTES = 10 * 1024 * 1024  # of the file's own table of contents


def read_parquet(path: Path) -> Iterator[tuple[np.ndarray, dict[str, pa.Array], int]]:
    """Yield batches.

    Raises:
        RefusedFileError: no Parquet, columns that will not do, or more than can be taken.
    """
    try:
        with parquet.ParquetFile(
            path,
            buffer_size=BUFFER_BYTES,
            pre_buffer=False,
            thrift_string_size_limit=MAX_DESCRIPTION_BYTES,
            thrift_container_size_limit=MAX_DESCRIPTION_BYTES // 10,
        ) as file:
            wanted = _check(file)
            yield from _batches(file, wanted, path.stat().st_size)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError) as error:
        raise RefusedFileError(f"not a Parquet file: {str(error)[:200]}") from error


def _check(file: parquet.ParquetFile) -> list[str]:
    wanted = check_columns(file.schema_arrow.names)
    described = file.metadata
    if described.num_rows > MAX_ROWS:
        raise RefusedFileError(f"{described.num_rows:,} rows; expected at most {MAX_ROWS:,}")
    for name in wanted:
        _check_type(name, file.schema_arrow.field(name).type)
    unpacked = sum(
        max(0, described.row_group(group).column(column).total_uncompressed_size)
        for group in range(described.num_row_groups)
        for column in range(described.num_columns)
        if described.row_group(group).column(column).path_in_schema in wanted
    )
    if unpacked > MAX_UNPACKED_BYTES:
        raise RefusedFileError(f"it unpacks to {unpacked:,} bytes; expected at most {MAX_UNPACKED_BYTES:,}")
    return wanted


def _check_type(name: str, kind: pa.DataType) -> None:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_fitting = {
        "taken_at": pa.types.is_timestamp(kind),
        "value": pa.types.is_floating(kind) or pa.types.is_integer(kind),
        "subgroup": pa.types.is_integer(kind),
        "size": pa.types.is_integer(kind),
    }.get(name, False)
    if not (is_text or is_fitting):
        raise RefusedFileError(f"column {name!r} is of type {kind}; expected {EXPECTED[name]}")


def _batches(file, wanted, size_bytes):
    seen, total = 0, max(1, file.metadata.num_rows)
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted, use_threads=False):
        batch.validate(full=True)  # text that is not UTF-8, say
        rows = np.arange(seen + 1, seen + 1 + batch.num_rows)
        seen += batch.num_rows
        columns = {name: _plain(batch.column(batch.schema.get_field_index(name))) for name in wanted}
        yield rows, columns, min(size_bytes, size_bytes * seen // total)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # which pandas writes
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)  # the rest is cut off
    return column
