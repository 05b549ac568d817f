"""Exemplars in a slot: for a bucket or a counter, one recent value and where to look for it.

A small table: the cell that was counted in decides the place, a newer exemplar takes an older one's. Whatever
is torn or forged fails its check or its limits and is not shown.

In:     a cell, labels, a value, Unix time.
Out:    exemplars by cell.
Never:  grows; believes what stands there.

Rules:  OpenMetrics 1.0, Exemplars: names and values together have at most 128 characters.
"""

import dataclasses
import json
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import EXEMPLAR_BYTES, EXEMPLARS
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.metrics.definition import MetricError

MAX_CHARACTERS: Final = 128
_HEAD: Final = struct.Struct("=QddII")  # cell + 1, value, Unix time, bytes of JSON, CRC-32 of the rest
_MAX_TEXT_BYTES: Final = EXEMPLAR_BYTES - _HEAD.size
_SPREAD: Final = 2654435761  # Knuth's multiplier: cells of neighbouring series have places far apart
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclasses.dataclass(frozen=True, slots=True)
class KeptExemplar:
    """One exemplar as it stands in the memory."""

    labels: tuple[tuple[str, str], ...]
    value: float
    time_s: float


def check_labels(labels: Mapping[Any, Any]) -> None:
    """Check the labels of an exemplar.

    Raises:
        MetricError: a name is none, a value is no text, or together they are too long.
    """
    for name, value in labels.items():
        if not isinstance(name, str) or not _LABEL.fullmatch(name) or not isinstance(value, str):
            raise MetricError(f"exemplar label {name!r}={value!r}; expected a name and a text")
    count = sum(len(name) + len(value) for name, value in labels.items())
    if count > MAX_CHARACTERS:
        raise MetricError(f"exemplar of {count} characters; expected at most {MAX_CHARACTERS}")


def write_exemplar(segment: Segment, slot: int, cell: int, kept: KeptExemplar) -> None:
    """Keep an exemplar; one whose text is too long for its place (many escapes) is not kept."""
    text = json.dumps(kept.labels, separators=(",", ":")).encode()
    if len(text) > _MAX_TEXT_BYTES:
        return
    plan = segment.layout
    at = plan.exemplars_at(slot) + _place(cell) * EXEMPLAR_BYTES
    entry = _entry(cell, kept.value, kept.time_s, text)
    segment.memory[at : at + len(entry)] = entry
    add_to(segment.words, plan.slot_word(slot) + layout.METRICS_EXEMPLARS, 1)


def read_exemplars(segment: Segment, slot: int) -> dict[int, KeptExemplar]:
    """Return what a slot keeps, by cell; empty at once where none was ever written. Never raises."""
    plan = segment.layout
    if not segment.words[plan.slot_word(slot) + layout.METRICS_EXEMPLARS]:
        return {}
    found = {}
    at = plan.exemplars_at(slot)
    for place in range(EXEMPLARS):
        begin = at + place * EXEMPLAR_BYTES
        entry = bytes(segment.memory[begin : begin + EXEMPLAR_BYTES])
        try:
            cell, kept = _read(entry)
        except (ValueError, TypeError, RecursionError):
            continue
        if _place(cell) == place:
            found[cell] = kept
    return found


def _place(cell: int) -> int:
    return (cell * _SPREAD >> 16) % EXEMPLARS


def _entry(cell: int, value: float, time_s: float, text: bytes) -> bytes:
    entry = bytearray(_HEAD.pack(cell + 1, value, time_s, len(text), 0) + text)
    struct.pack_into("=I", entry, _HEAD.size - 4, zlib.crc32(entry))
    return bytes(entry)


def _read(entry: bytes) -> tuple[int, KeptExemplar]:
    """Read one place.

    Raises:
        ValueError, TypeError, RecursionError: it is empty, torn or forged.
    """
    cell, value, time_s, size, _ = _HEAD.unpack_from(entry)
    if not cell or size > _MAX_TEXT_BYTES:
        raise ValueError(size)
    text = entry[_HEAD.size : _HEAD.size + size]
    if _entry(cell - 1, value, time_s, text) != entry[: _HEAD.size + size]:
        raise ValueError(cell)
    labels = {name: text for name, text in json.loads(text)}  # noqa: C416 - each is a pair or raises
    check_labels(labels)
    if not 0 <= time_s < 1e11 or value != value:  # noqa: PLR0124 - what is no number is not equal to itself
        raise ValueError(time_s)
    return cell - 1, KeptExemplar(tuple(labels.items()), value, time_s)
