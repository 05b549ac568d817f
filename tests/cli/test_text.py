import os
import re

import pytest

from penstock.cli.text import columns, counted, duration, moment, printing, safe_lines


def test_what_is_printed_has_left_when_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with printing():
        print("text")
    assert capsys.readouterr().out == "text\n"


def test_reader_that_has_had_enough_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    with os.fdopen(write_fd, "w") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        with printing():
            gone.write("text")
        assert os.readlink(f"/proc/self/fd/{gone.fileno()}") == os.devnull  # what comes later goes nowhere


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns([("a", "n", "x"), ("long", "10", "")], frozenset({1})) == "a      n  x\nlong  10\n"


def test_what_others_wrote_commands_no_terminal() -> None:
    assert safe_lines("a\x1b[2J\nb") == ["a\\x1b[2J", "b"]


def test_moment_has_the_second_and_the_zone() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", moment(1_800_000_000.9))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0.254, "0.25 s", id="short"),
        pytest.param(12.9, "12 s", id="seconds"),
        pytest.param(200, "3 min 20 s", id="minutes"),
        pytest.param(7500, "2 h 5 min", id="hours"),
        pytest.param(273600, "3 d 4 h", id="days"),
    ],
)
def test_duration_is_written_as_people_read_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "told"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_things_are_counted_in_the_plural_where_they_are_several(count: int, told: str) -> None:
    assert counted(count, "file") == told
