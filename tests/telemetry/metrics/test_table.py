import json
import os
import random
import signal
import zlib

import pytest

from penstock.telemetry.memory import layout
from penstock.telemetry.metrics.definition import Definition, Kind
from penstock.telemetry.metrics.table import _HEAD, MAX_ENTRIES, Table, TableWriter

ORDERS = Definition("orders", Kind.COUNTER, "Orders.", ("kind",))
WAIT = Definition("wait_seconds", Kind.HISTOGRAM, "Waiting.", (), (0.1, 1.0))
SLOT = 1


def read(segment) -> Table:
    table = Table(segment, SLOT)
    table.read_on()
    return table


def used_word(segment) -> int:
    return segment.layout.slot_word(SLOT) + layout.METRICS_USED


def put_entry(segment, packed, cells: int, /, **wrong) -> None:
    """Append an entry as a hostile worker may."""
    text = json.dumps(packed).encode()
    text += b" " * (-len(text) % 8)
    fields = {"size": _HEAD.size + len(text) + cells * 8, "cells": cells, "check": zlib.crc32(text)} | wrong
    at = segment.layout.metrics_at(SLOT) + segment.words[used_word(segment)]
    entry = _HEAD.pack(*fields.values()) + text + bytes(cells * 8)
    segment.memory[at : at + len(entry)] = entry
    segment.words[used_word(segment)] += len(entry)


def test_series_is_read_as_it_was_added(segment) -> None:
    writer = TableWriter(segment, SLOT)
    cell = writer.find_cell(ORDERS, ("bo\u00f6k\ud800\n",))
    other = writer.find_cell(WAIT, ())
    table = read(segment)
    found = [(series.definition, series.values, series.cell) for series in table.series]
    assert found == [(ORDERS, ("bo\u00f6k\ud800\n",), cell), (WAIT, (), other)]
    assert not table.is_damaged


def test_series_that_is_there_is_found_again(segment) -> None:
    writer = TableWriter(segment, SLOT)
    assert writer.find_cell(ORDERS, ("a",)) == writer.find_cell(ORDERS, ("a",))
    assert len(read(segment).series) == 1


def test_successor_goes_on_in_the_cells_of_its_predecessor(segment) -> None:
    first = TableWriter(segment, SLOT)
    cell = first.find_cell(ORDERS, ("a",))
    first.cells[cell] = 41.0
    successor = TableWriter(segment, SLOT)
    assert successor.find_cell(ORDERS, ("a",)) == cell
    assert successor.cells[cell] == 41.0
    assert successor.find_cell(ORDERS, ("b",)) > cell


def test_reader_reads_on_where_it_was(segment) -> None:
    writer, table = TableWriter(segment, SLOT), Table(segment, SLOT)
    for count in range(1, 5):
        writer.find_cell(ORDERS, (str(count),))
        table.read_on()
        assert len(table.series) == count
    assert table.end == read(segment).end


def test_full_table_keeps_room_for_definitions_and_for_what_is_too_much(segment) -> None:
    writer = TableWriter(segment, SLOT)
    count = 0
    while writer.find_cell(ORDERS, (str(count),)) is not None:
        count += 1
    assert 9000 < count < MAX_ENTRIES
    assert writer.find_cell(WAIT, ()) is None
    assert writer.find_cell(WAIT, (), is_last_resort=True) is not None
    assert writer.find_cell(ORDERS, ("_overflow",), is_last_resort=True) is not None
    assert len(read(segment).series) == count + 2


def test_series_whose_text_is_too_long_is_refused(segment) -> None:
    writer = TableWriter(segment, SLOT)
    assert writer.find_cell(ORDERS, ("x" * 20_000,)) is None
    assert writer.find_cell(ORDERS, ("x",)) is not None


def test_writer_that_is_killed_leaves_a_table_that_can_be_read(segment) -> None:
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:
        writer = TableWriter(segment, SLOT)
        number = 0
        while True:
            writer.find_cell(ORDERS, (f"{number:0{number % 200}}",))
            number += 1
            if number == 50:
                os.write(tells, b".")
    os.read(told, 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(told)
    os.close(tells)
    table = read(segment)
    assert not table.is_damaged
    assert len(table.series) >= 50
    assert TableWriter(segment, SLOT).find_cell(ORDERS, ("new",)) is not None
    assert not read(segment).is_damaged


def test_table_is_read_while_another_process_adds_to_it(segment) -> None:
    pid = os.fork()
    if not pid:
        writer = TableWriter(segment, SLOT)
        for number in range(3000):
            writer.cells[writer.find_cell(ORDERS, (str(number),))] = number
        os._exit(0)
    table, seen, reads = Table(segment, SLOT), [], 0
    is_over = False
    while not is_over:
        is_over = os.waitpid(pid, os.WNOHANG)[0] == pid
        seen += table.take()
        reads += 1
    assert reads > 2
    assert [series.values for series in seen] == [(str(number),) for number in range(3000)]
    doubles = TableWriter(segment, SLOT).cells
    assert [doubles[series.cell] for series in seen] == list(range(3000))


@pytest.mark.parametrize(
    ("packed", "cells", "wrong"),
    [
        pytest.param([0, ["a"]], 1, {"check": 7}, id="check"),
        pytest.param([0, ["a"]], 1, {"size": 0}, id="no-size"),
        pytest.param([0, ["a"]], 1, {"size": 41}, id="odd-size"),
        pytest.param([0, ["a"]], 1, {"size": 0xFFFFFFF8}, id="huge-size"),
        pytest.param([0, ["a"]], 1, {"cells": 0xFFFFFFFF}, id="huge-cells"),
        pytest.param([0, ["a"]], 3, {}, id="more-cells-than-it-has"),
        pytest.param([1, ["a"]], 1, {}, id="definition-that-is-not-there"),
        pytest.param([-1, ["a"]], 1, {}, id="definition-from-the-end"),
        pytest.param([0, ["a", "b"]], 1, {}, id="more-values-than-labels"),
        pytest.param([0, [3]], 1, {}, id="value-that-is-no-text"),
        pytest.param([0, None], 1, {}, id="no-values"),
        pytest.param(["0", ["a"]], 1, {}, id="number-that-is-none"),
        pytest.param(["a b", "counter", "", [], [], "sum", ""], 1, {}, id="name"),
        pytest.param(["a", "kounter", "", [], [], "sum", ""], 1, {}, id="kind"),
        pytest.param(["a", "histogram", "", [], ["x"], "sum", ""], 1, {}, id="bounds"),
        pytest.param(["a", "counter", "", [[]], [], "sum", ""], 1, {}, id="labels"),
        pytest.param(["a", "counter", "", [], [], "sum", ""], 2, {}, id="cells-of-a-definition"),
        pytest.param(7, 1, {}, id="number"),
        pytest.param({}, 1, {}, id="object"),
        pytest.param("ab", 1, {}, id="text"),
    ],
)
def test_entry_that_is_none_ends_the_table_until_it_is_overwritten(segment, packed, cells, wrong) -> None:
    TableWriter(segment, SLOT).find_cell(ORDERS, ("first",))
    put_entry(segment, packed, cells, **wrong)
    table = read(segment)
    assert table.is_damaged
    assert [series.values for series in table.series] == [("first",)]
    TableWriter(segment, SLOT).find_cell(ORDERS, ("second",))
    table.read_on()
    assert not table.is_damaged
    assert [series.values for series in table.series] == [("first",), ("second",)]


def test_json_that_nests_without_end_is_damage(segment) -> None:
    at = segment.layout.metrics_at(SLOT)
    text = b"[" * 8000
    entry = _HEAD.pack(_HEAD.size + len(text), 0, zlib.crc32(text)) + text
    segment.memory[at : at + len(entry)] = entry
    segment.words[used_word(segment)] = len(entry)
    assert read(segment).is_damaged


def test_random_memory_is_read_without_an_error(segment) -> None:
    chance = random.Random(5)
    at = segment.layout.metrics_at(SLOT)
    for _ in range(50):
        TableWriter(segment, SLOT).find_cell(ORDERS, ("a",))
        segment.memory[at + chance.randrange(200) :][:64] = chance.randbytes(64)
        segment.words[used_word(segment)] = chance.choice([64, 4096, (1 << 64) - 1])
        table = read(segment)
        assert table.end <= layout.SERIES_BYTES
        segment.words[used_word(segment)] = 0
