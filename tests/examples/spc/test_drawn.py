"""What a worker has drawn already: once for each version of a chart, however many ask."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from spc import drawn as module
from spc.drawn import drawn, forget_drawn


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """(chart, version) of each drawing that was made."""
    made: list[tuple[int, int]] = []

    def draw(chart: Any) -> Any:
        made.append((chart.id, chart.version))
        return SimpleNamespace(version=chart.version)

    monkeypatch.setattr(module, "_draw", draw)
    forget_drawn()
    yield made
    forget_drawn()


def chart(number: int, version: int) -> Any:
    return SimpleNamespace(id=number, version=version)


def test_version_is_drawn_once_and_the_next_one_anew(drawings: list[tuple[int, int]]) -> None:
    for version in (1, 1, 2, 2):
        assert drawn(chart(1, version)).version == version
    assert drawings == [(1, 1), (1, 2)]


def test_chart_that_nobody_has_looked_at_for_longest_is_forgotten(drawings: list[tuple[int, int]]) -> None:
    for number in range(module.MAX_CHARTS):
        drawn(chart(number, 1))
    drawn(chart(0, 1))
    drawn(chart(999, 1))
    drawings.clear()
    drawn(chart(0, 1))
    drawn(chart(1, 1))
    assert drawings == [(1, 1)]


def test_threads_that_ask_at_once_wait_for_one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    made, begun, may_end = [], threading.Event(), threading.Event()

    def draw(chart: Any) -> Any:
        made.append(chart.id)
        begun.set()
        assert may_end.wait(10)
        return SimpleNamespace(version=chart.version)

    monkeypatch.setattr(module, "_draw", draw)
    forget_drawn()
    threads = [threading.Thread(target=drawn, args=(chart(1, 1),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    may_end.set()
    for thread in threads:
        thread.join(10)
    forget_drawn()
    assert made == [1]
