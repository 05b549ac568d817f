"""The application's metrics in a slot: a table of series that only grows, each with its cells behind it.

    area     entry | entry | ... | <- METRICS_USED          ... | exemplars
    entry    head: size, cells, check | JSON, filled up with spaces | cells, 8 bytes each
    JSON     a definition (definition.py), or [number of the definition, values of the labels]

The one cell of a definition says when a process last counted by it (CLOCK_MONOTONIC, seconds): after a reload
two of one name may stand there, and the later one holds.

The length is published last, so a writer that is killed in the middle of an entry has written nothing. Cells
are counted in for ever: the next process of the slot finds its predecessor's series and goes on in the same
cells, so a counter does not go back when its worker is replaced, and nothing has to be folded. Only gauges
belong to a process; they carry its pid.

In:     one area of the shared memory.
Out:    series and where their cells stand; the writer's way to add one.
Never:  believes what stands there: sizes are bounded, definitions checked, what is no entry ends the table.

Rules:  one process writes a slot; who reads may do so at any moment.
"""

import dataclasses
import json
import struct
import time
import zlib
from typing import Any, Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import WORD_BYTES
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.metrics.definition import Definition

_HEAD: Final = struct.Struct("=IIQ")  # bytes of the entry, cells of it, CRC-32 of its JSON
# Bytes that are left to definitions and to the series that take what is too much.
_RESERVE_BYTES: Final = 1 << 16
MAX_ENTRIES: Final = 10_000  # of a slot; 3 MB in the agent
_RESERVE_ENTRIES: Final = 500
_MAX_ENTRY_BYTES: Final = 1 << 14
_ENTRY_ERRORS: Final = (ValueError, TypeError, RecursionError, struct.error)


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """One series of a table.

    Attributes:
        values: of the labels.
        cell: its first cell, counted in cells from the beginning of the area.
    """

    definition: Definition
    values: tuple[str, ...]
    cell: int


class Table:
    """What stands in one area, as far as it was read.

    Attributes:
        definitions: in the order of their numbers.
        stamps: the cell of each.
        series: in the order in which they were added; who takes some out has them.
        series_count: how many were read.
        end: bytes that were read; a new entry begins there.
        is_damaged: what stands at `end` is no entry of ours.
    """

    def __init__(self, segment: Segment, slot: int) -> None:
        at = segment.layout.metrics_at(slot)
        self._area = segment.memory[at : at + layout.SERIES_BYTES]
        self._words = segment.words
        self._used_word = segment.layout.slot_word(slot) + layout.METRICS_USED
        self.definitions: list[Definition] = []
        self.stamps: list[int] = []
        self.series: list[Series] = []
        self.series_count = 0
        self.end = 0
        self.is_damaged = False

    def read_on(self) -> None:
        """Read what was added since. Never raises."""
        used = min(self._words[self._used_word], layout.SERIES_BYTES)
        self.is_damaged = False
        while self.end < used and not self.is_damaged and self._has_room():
            try:
                self.end += self._read_entry(self._area[self.end : used])
            except _ENTRY_ERRORS:
                self.is_damaged = True

    def take(self) -> list[Series]:
        """Read on, and give the series away that are new."""
        self.read_on()
        taken, self.series = self.series, []
        return taken

    def _has_room(self) -> bool:
        return len(self.definitions) + self.series_count < MAX_ENTRIES

    def _read_entry(self, rest: memoryview) -> int:
        """Take the first entry; return its size.

        Raises:
            ValueError, TypeError, RecursionError, struct.error: it is none.
        """
        size, cells, check = _HEAD.unpack_from(rest)
        text_bytes = size - _HEAD.size - cells * WORD_BYTES
        if size % WORD_BYTES or size > min(len(rest), _MAX_ENTRY_BYTES) or text_bytes <= 0:
            raise ValueError(size)
        text = bytes(rest[_HEAD.size : _HEAD.size + text_bytes])
        if zlib.crc32(text) != check:
            raise ValueError(check)
        packed = json.loads(text)
        cell = (self.end + _HEAD.size + text_bytes) // WORD_BYTES
        if len(packed) == 2:
            self.series.append(self._series(packed, cells, cell))
            self.series_count += 1
        elif cells == 1:
            self.definitions.append(Definition.unpack(packed))
            self.stamps.append(cell)
        else:
            raise ValueError(cells)
        return int(size)

    def _series(self, packed: Any, cells: int, cell: int) -> Series:
        number, values = packed
        if not isinstance(number, int) or not 0 <= number < len(self.definitions):
            raise ValueError(number)
        definition = self.definitions[number]
        if cells != definition.cells or len(values) != len(definition.labels):
            raise ValueError(cells)
        if not all(isinstance(value, str) for value in values):
            raise ValueError(values)
        return Series(definition, tuple(values), cell)


class TableWriter:
    """The table of a slot in the process that writes it. One thread at a time: the caller's lock.

    Attributes:
        cells: all cells of the area, as doubles.
    """

    def __init__(self, segment: Segment, slot: int) -> None:
        plan = segment.layout
        at = plan.metrics_at(slot)
        self._segment = segment
        self._first_word = plan.slot_word(slot)
        self._memory = segment.memory
        self._at = at
        self.cells = segment.memory[at : at + layout.SERIES_BYTES].cast("d")
        self._table = Table(segment, slot)
        self._table.read_on()
        segment.words[self._first_word + layout.METRICS_USED] = self._table.end
        self._numbers = {definition: number for number, definition in enumerate(self._table.definitions)}
        self._stamped: set[Definition] = set()
        self._cells = {(series.definition, series.values): series.cell for series in self._table.series}

    def find_cell(
        self, definition: Definition, values: tuple[str, ...], *, is_last_resort: bool = False
    ) -> int | None:
        """Return the first cell of a series, adding it if it is new; None = there is no room.

        Args:
            definition: of the metric.
            values: of its labels.
            is_last_resort: it may take what is reserved.
        """
        number = self._number(definition)
        if number is None:
            return None
        cell = self._cells.get((definition, values))
        if cell is not None:
            return cell
        cell = self._append([number, values], definition.cells, reserve=0 if is_last_resort else 1)
        if cell is not None:
            self._cells[definition, values] = cell
        return cell

    def count_refused(self) -> None:
        """Count a series that found no place of its own."""
        add_to(self._segment.words, self._first_word + layout.METRICS_REFUSED, 1)

    def _number(self, definition: Definition) -> int | None:
        number = self._numbers.get(definition)
        if number is None:
            stamp = self._append(definition.pack(), 1, reserve=0)
            if stamp is None:
                return None
            number = self._numbers[definition] = len(self._numbers)
            self._table.stamps.append(stamp)
        if definition not in self._stamped:
            self._stamped.add(definition)
            self.cells[self._table.stamps[number]] = time.monotonic()
        return number

    def _append(self, packed: Any, cells: int, reserve: int) -> int | None:
        """Write an entry, then its end; return where its cells begin."""
        text = json.dumps(packed, separators=(",", ":")).encode()
        text += b" " * (-len(text) % WORD_BYTES)
        table = self._table
        size = _HEAD.size + len(text) + cells * WORD_BYTES
        room = layout.SERIES_BYTES - reserve * _RESERVE_BYTES - table.end
        count = len(self._numbers) + len(self._cells)
        if size > min(room, _MAX_ENTRY_BYTES) or count >= MAX_ENTRIES - reserve * _RESERVE_ENTRIES:
            return None
        begin = self._at + table.end
        entry = _HEAD.pack(size, cells, zlib.crc32(text)) + text + bytes(cells * WORD_BYTES)
        self._memory[begin : begin + size] = entry
        table.end += size
        self._segment.words[self._first_word + layout.METRICS_USED] = table.end
        return (table.end - cells * WORD_BYTES) // WORD_BYTES
