"""A CSV file as batches of columns of text.

In:     a path.
Out:    (rows of the file, columns of text, bytes read so far), some ten thousand rows at a time.
Never:  holds the file in memory, or guesses a type: a column of figures that has one word in it would be
        text.

Rules:  RFC 4180, in UTF-8, a header first, no line feed within a field.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from spc.imports.columns import check_columns
from spc.imports.fault import Faults, RefusedFileError

MAX_HEADER_BYTES = 65_536
BLOCK_BYTES = 2 * 1024 * 1024  # also the longest line: pyarrow refuses one that is longer than a block


def read_csv(path: Path, faults: Faults) -> Iterator[tuple[np.ndarray, dict[str, pa.Array], int]]:
    """Yield batches; a row with too many or too few fields is a fault.

    Raises:
        RefusedFileError: not UTF-8, a header that will not do, or a line without end.
    """
    names = _header(path)
    wanted = check_columns(names)
    _check_encoding(path)
    odd: list[int] = []

    def note(row) -> str:
        odd.append(row.number)
        faults.add(row.number, "", f"{row.actual_columns} fields; expected {row.expected_columns}")
        return "skip"

    try:
        with pa.OSFile(str(path)) as file:
            yield from _batches(_open(file, wanted, note), wanted, odd, file)
    except pa.ArrowInvalid as error:
        raise RefusedFileError(f"not a CSV file: {str(error)[:200]}") from error


def _open(file, wanted, note):
    return arrow_csv.open_csv(
        file,
        # One thread: only then a wrong row knows its number.
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
        ),
    )


def _batches(reader, wanted, odd, file):
    seen = 1  # the header
    for batch in reader:
        rows = _row_numbers(seen, batch.num_rows, odd)
        seen = int(rows[-1]) if rows.size else seen
        columns = {name: batch.column(name) for name in wanted}
        yield rows, columns, file.tell()


def _row_numbers(seen: int, count: int, odd: list[int]) -> np.ndarray:
    """Return the rows of a batch in the file: those with too many or too few fields were left out."""
    rows = np.arange(seen + 1, seen + 1 + count + len(odd))
    return rows[~np.isin(rows, odd)][:count]


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        line = file.readline(MAX_HEADER_BYTES)
    if len(line) == MAX_HEADER_BYTES:
        raise RefusedFileError(
            f"the first line is longer than {MAX_HEADER_BYTES:,} bytes; expected names of columns"
        )
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFileError(f"the first line is not UTF-8: byte {line[error.start]:#04x}") from error
    try:
        return next(csv.reader([text]), [])
    except csv.Error as error:
        raise RefusedFileError(f"the first line: {error}; expected lines that end with LF or CRLF") from error


def _check_encoding(path: Path) -> None:
    """Raise RefusedFileError with the place of the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                raise RefusedFileError(
                    f"row {line} is not UTF-8: byte {error.object[error.start]:#04x}"
                ) from error
            lines += block.count(b"\n")
    if decoder.getstate()[0]:
        raise RefusedFileError("the file ends in the middle of a character")
