"""Batches of columns -> arrays that may be stored, and what is wrong with which row.

In:     what the parameters are, batches (csv_file.py, parquet_file.py).
Out:    Rows, complete subgroups only.
Never:  asks the database; looks at rows one by one, but for those that are wrong.

A batch may end within a subgroup: the rows of the last one wait for the next batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spc.imports.columns import BATCH_ROWS, EXPECTED, MAX_ROWS, TYPES
from spc.imports.fault import Faults, RefusedFileError
from spc.models import MAX_MAGNITUDE, Measure

MAX_NUMBER = 2**31 - 1
END_S = 253_402_300_800  # the year 10,000: what is later Python has no moment for


@dataclass(frozen=True, slots=True)
class Known:
    """A parameter, as far as rows are checked against it."""

    id: int
    subgroup_size: int
    measure: Measure
    last_number: int


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Measurements, column by column.

    Attributes:
        row: in the file.
        place: index of the parameter in the checker's list.
        position: within the subgroup, from 0.
    """

    row: np.ndarray
    place: np.ndarray
    number: np.ndarray
    position: np.ndarray
    taken_s: np.ndarray
    size: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return self.row.size

    def take(self, which) -> "Rows":
        """Return the rows of a slice, mask or index."""
        return Rows(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_then(self, later: "Rows") -> "Rows":
        """Return these rows and others after them."""
        pairs = ((getattr(self, each.name), getattr(later, each.name)) for each in fields(self))
        return Rows(*(np.concatenate(pair) for pair in pairs))


NONE = Rows(*(np.zeros(0, dtype=kind) for kind in (int, int, int, int, int, int, float)))


class RowChecker:
    """Takes the batches of one file in their order.

    Args:
        known: (tool, parameter) -> what is known of it.
        faults: where faults go.
    """

    def __init__(self, known: Mapping[tuple[str, str], Known], faults: Faults) -> None:
        self.known = list(known.values())
        self.faults = faults
        self.count = 0
        self._place_of = {pair: place for place, pair in enumerate(known)}
        self._last_numbers = np.array([each.last_number for each in self.known], dtype=np.int64)
        self._waiting = NONE

    def check(self, row_numbers: np.ndarray, columns: Mapping[str, pa.Array]) -> Rows:
        """Return the rows of complete subgroups that are right; the others become faults.

        Raises:
            RefusedFileError: too many rows, in the file or in one subgroup.
        """
        self.count += row_numbers.size
        if self.count > MAX_ROWS:
            raise RefusedFileError(f"more than {MAX_ROWS:,} rows; expected at most so many")
        rows = self._waiting.and_then(self._converted(row_numbers, columns))
        if not len(rows):
            return NONE
        last_begins = _begins(rows)[-1]
        self._waiting = rows.take(slice(last_begins, None))
        if len(self._waiting) > BATCH_ROWS:
            raise RefusedFileError(f"subgroup {rows.number[-1]} has more than {BATCH_ROWS:,} rows")
        return self._in_subgroups(rows.take(slice(0, last_begins)))

    def finish(self) -> Rows:
        """Return what waited for more of its subgroup."""
        rows, self._waiting = self._waiting, NONE
        return self._in_subgroups(rows)

    # -- single rows
    # --------------------------------------------------------------------------------------------

    def _converted(self, row_numbers, columns) -> Rows:
        """Return the rows whose fields are right by themselves."""
        row_numbers, columns = _without_blank_rows(row_numbers, columns)
        place, is_known = self._places(row_numbers, columns)
        number, has_number = self._cast(row_numbers, columns, "subgroup")
        taken_us, has_time = self._cast(row_numbers, columns, "taken_at")
        value, has_value = self._cast(row_numbers, columns, "value")
        size, has_size = self._sizes(row_numbers, columns, place)
        rows = Rows(row_numbers, place, number, np.zeros_like(number), taken_us // 1_000_000, size, value)
        is_right = is_known & has_number & has_time & has_value & has_size
        is_right &= self._are_within(rows, is_right)
        return rows.take(is_right & self._are_counts_right(rows, is_right))

    def _are_within(self, rows: Rows, is_right):
        """Report what no chart could show; return which rows may stay."""
        value, number, taken_s = rows.value, rows.number, rows.taken_s
        is_finite = np.isfinite(value)
        no_number, no_moment = (number < 1) | (number > MAX_NUMBER), (taken_s < 0) | (taken_s >= END_S)
        years = "seconds after 1970 are not within the years 1970 to 9999"
        faults = (
            ("value", ~is_finite, "is not finite", value),
            ("value", is_finite & (abs(value) > MAX_MAGNITUDE), f"is more than {MAX_MAGNITUDE:g}", value),
            ("subgroup", no_number, f"is not within 1 to {MAX_NUMBER}", number),
            ("taken_at", no_moment, years, taken_s),
        )
        for column, which, what, values in faults:
            self._report(rows, is_right & which, column, what, values)
        return ~np.logical_or.reduce([which for _column, which, _what, _values in faults])

    def _places(self, row_numbers, columns):
        """Return the index of each row's parameter, and where there is one."""
        tools, parameters = (
            pc.dictionary_encode(columns[name].cast(pa.string())) for name in ("tool", "parameter")
        )
        names = tools.dictionary.to_pylist(), parameters.dictionary.to_pylist()
        codes = [np.asarray(each.indices.fill_null(-1)).astype(np.int64) for each in (tools, parameters)]
        pairs = codes[0] * (len(names[1]) + 1) + codes[1]
        _unique, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        named = [(_name(names[0], codes[0][at]), _name(names[1], codes[1][at])) for at in first]
        place = np.array([self._place_of.get(pair, -1) for pair in named], dtype=np.int64)[inverse]
        for at in np.flatnonzero(place < 0):
            tool, parameter = named[inverse[at]]
            self.faults.add(row_numbers[at], "parameter", f"tool {tool!r} has no parameter {parameter!r}")
        return place, place >= 0

    def _cast(self, row_numbers, columns, name):
        """Return a column as an array of its type, and where it could be converted."""
        column = columns[name]
        is_wrong = np.zeros(len(column), dtype=bool)
        for at in _wrong_places(column, TYPES[name]):
            is_wrong[at] = True
            self.faults.add(row_numbers[at], name, f"{_shown(column[at])}; expected {EXPECTED[name]}")
        right = (
            pc.if_else(pa.array(is_wrong), pa.scalar(None, column.type), column) if is_wrong.any() else column
        )
        converted = right.cast(TYPES[name])
        if pa.types.is_timestamp(converted.type):
            converted = converted.cast(pa.int64())
        filled = converted.fill_null(float("nan") if name == "value" else -1)
        return filled.to_numpy(zero_copy_only=False), ~is_wrong

    def _sizes(self, row_numbers, columns, place):
        """Return the sizes: those of the file for counts, else the parameter's."""
        own = np.array([each.subgroup_size for each in self.known] or [0])[place]
        is_count = np.array([each.measure is not Measure.VALUES for each in self.known] or [False])[place]
        is_count &= place >= 0
        if "size" not in columns:
            for at in np.flatnonzero(is_count):
                self.faults.add(
                    row_numbers[at], "size", "is missing; expected the number of inspected pieces"
                )
            return own, ~is_count
        counted = {"size": columns["size"].filter(pa.array(is_count))}
        size, has_size = own.copy(), np.ones(len(own), dtype=bool)
        size[is_count], has_size[is_count] = self._cast(row_numbers[is_count], counted, "size")
        return size, has_size

    def _are_counts_right(self, rows: Rows, is_right):
        """Report counts that are no counts; return which rows may stay."""
        measure = np.array([each.measure for each in self.known] or [""])[rows.place]
        is_asked = is_right & (measure != Measure.VALUES)
        no_size = is_asked & ((rows.size < 1) | (rows.size > MAX_NUMBER))
        self._report(rows, no_size, "size", f"is not within 1 to {MAX_NUMBER}", rows.size)
        value = np.nan_to_num(rows.value, nan=-1)
        no_count = is_asked & ((value < 0) | (value != np.floor(value)))
        self._report(rows, no_count, "value", "is not a count", rows.value)
        too_many = is_asked & ~no_size & ~no_count & (measure == Measure.DEFECTIVES) & (value > rows.size)
        self._report(rows, too_many, "value", "is more than were inspected", rows.value)
        return ~(no_size | no_count | too_many)

    def _report(self, rows: Rows, which, column: str, what: str, values) -> None:
        for at in np.flatnonzero(which):
            self.faults.add(rows.row[at], column, f"{values[at]:g} {what}")

    # -- subgroups
    # ----------------------------------------------------------------------------------------------

    def _in_subgroups(self, rows: Rows) -> Rows:
        """Return the rows with their positions; subgroups of the wrong size or order become faults."""
        if not len(rows):
            return NONE
        begins = _begins(rows)
        lengths = np.diff(begins, append=len(rows))
        heads = rows.take(begins)
        is_right = self._are_complete(heads, lengths) & self._are_in_order(heads)
        position = np.arange(len(rows)) - np.repeat(begins, lengths)
        placed = Rows(rows.row, rows.place, rows.number, position, rows.taken_s, rows.size, rows.value)
        return placed.take(np.repeat(is_right, lengths))

    def _are_complete(self, heads: Rows, lengths):
        expected = np.array([each.subgroup_size for each in self.known])[heads.place]
        is_right = lengths == expected
        for at in np.flatnonzero(~is_right):
            text = (
                f"subgroup {heads.number[at]} has {lengths[at]} right measurements; expected {expected[at]}"
            )
            self.faults.add(heads.row[at], "subgroup", text)
        return is_right

    def _are_in_order(self, heads: Rows):
        """Tell of each subgroup whether its number is above those of its parameter that came before."""
        order = np.argsort(heads.place, kind="stable")
        place, number = heads.place[order], heads.number[order]
        is_first = np.diff(place, prepend=-1) != 0
        before = np.where(is_first, self._last_numbers[place], np.roll(number, 1))
        is_right = np.empty(len(heads), dtype=bool)
        is_right[order] = number > before
        for at in np.flatnonzero(number <= before):
            text = f"subgroup {number[at]} comes after {before[at]}; expected ascending numbers"
            self.faults.add(heads.row[order[at]], "subgroup", text)
        np.maximum.at(self._last_numbers, place, number)
        return is_right


def _begins(rows: Rows) -> np.ndarray:
    """Return where each subgroup begins."""
    is_new = (np.diff(rows.place, prepend=-1) != 0) | (np.diff(rows.number, prepend=-1) != 0)
    return np.flatnonzero(is_new)


def _without_blank_rows(row_numbers, columns):
    """Leave out rows without any text: an empty line at the end of a file is no fault."""
    texts = [column for column in columns.values() if pa.types.is_string(column.type)]
    if len(texts) < len(columns):
        return row_numbers, columns
    is_blank = np.logical_and.reduce([np.asarray(pc.equal(column, "")) for column in texts])
    if not is_blank.any():
        return row_numbers, columns
    kept = pa.array(~is_blank)
    return row_numbers[~is_blank], {name: column.filter(kept) for name, column in columns.items()}


def _wrong_places(column: pa.Array, kind: pa.DataType, offset: int = 0) -> list[int]:
    """Return where a column is empty or cannot be converted: by halves, so that a right column costs one
    attempt."""
    if not len(column):
        return []
    if not column.null_count:
        try:
            column.cast(kind)
        except pa.ArrowInvalid:
            pass
        else:
            return []
    if len(column) == 1:
        return [offset]
    half = len(column) // 2
    return _wrong_places(column[:half], kind, offset) + _wrong_places(column[half:], kind, offset + half)


def _name(names: list[str], code: int) -> str | None:
    return names[code][:60] if code >= 0 else None


def _shown(value: pa.Scalar) -> str:
    try:
        text = value.as_py()
    except (ValueError, OverflowError):  # a moment that Python has none for
        text = value.value
    return "nothing" if text in (None, "") else repr(str(text)[:40])
