import os
from pathlib import Path

import pytest

from penstock.telemetry.reading.usage import (
    open_descriptors,
    proportional,
    resident,
    usage_of,
    usage_of_child,
)


def write_stat(proc: Path, text: str) -> Path:
    (proc / "7").mkdir(parents=True)
    (proc / "7/stat").write_text(text)
    return proc


FIELDS = " ".join(["S", "42", *["0"] * 9, "150", "50", *["0"] * 6, "3000", "0", "256", *["0"] * 20])


@pytest.mark.parametrize("name", ["(python)", "(a b)", "(x) S 1 (y)"], ids=["plain", "space", "parentheses"])
def test_fields_are_found_whatever_the_program_is_called(tmp_path: Path, name: str) -> None:
    usage = usage_of(7, write_stat(tmp_path, f"7 {name} {FIELDS}"))
    assert usage is not None
    assert usage.parent == 42
    assert usage.resident_bytes == 256 * os.sysconf("SC_PAGE_SIZE")
    assert usage.cpu_s == 200 / os.sysconf("SC_CLK_TCK")
    assert usage.started_after_boot_s == 3000 / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("text", ["", "7 (x) S", "7 (x) S a b"], ids=["empty", "cut", "no-numbers"])
def test_what_cannot_be_read_is_no_usage(tmp_path: Path, text: str) -> None:
    assert usage_of(7, write_stat(tmp_path, text)) is None


def test_process_that_is_gone_has_no_usage(tmp_path: Path) -> None:
    assert usage_of(7, tmp_path) is None


def test_this_process_is_the_child_of_its_parent_and_of_nobody_else() -> None:
    own = usage_of_child(os.getpid(), os.getppid())
    assert own is not None
    assert own.resident_bytes > 1 << 20
    assert usage_of_child(os.getpid(), os.getpid()) is None


def test_pid_beyond_all_pids_has_no_usage() -> None:
    assert usage_of((1 << 64) - 1) is None


@pytest.mark.parametrize("measure", [resident, proportional])
def test_memory_of_a_process_is_counted_and_that_of_none_is_nothing(measure) -> None:
    assert measure(os.getpid()) > 1 << 20
    assert measure(1 << 22) == 0


def test_part_of_shared_memory_is_less_than_all_of_it() -> None:
    assert proportional(os.getpid()) < resident(os.getpid())


def test_descriptors_that_cannot_be_seen_are_none() -> None:
    assert open_descriptors(os.getpid()) >= 3
    assert open_descriptors(1 << 22) == 0
