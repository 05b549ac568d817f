import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

import pytest

from penstock.cli.streams import open_standard_streams


@contextlib.contextmanager
def without(closed: Sequence[int]) -> Iterator[None]:
    """Close standard streams of this process for a while."""
    saved = {fd: os.dup(fd) for fd in closed}
    for fd in closed:
        os.close(fd)
    try:
        yield
    finally:
        for fd, copy in saved.items():
            os.dup2(copy, fd)
            os.close(copy)


def take_output() -> str:
    try:
        os.write(1, b"lost")
    except BrokenPipeError:
        return "broken"
    return "taken"


@pytest.mark.parametrize(
    ("closed", "output"),
    [
        pytest.param([], "taken", id="none"),
        pytest.param([0], "taken", id="input"),
        pytest.param([1], "broken", id="output"),
        pytest.param([2], "taken", id="error"),
        pytest.param([1, 2], "broken", id="both-outputs"),
        pytest.param([0, 1, 2], "broken", id="all"),
    ],
)
def test_closed_streams_are_replaced_and_open_ones_left(closed, output) -> None:
    before = os.listdir("/proc/self/fd")
    with without(closed):
        found = open_standard_streams()
        again = open_standard_streams()
        taken = take_output()
        replaced = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in closed if fd != 1}
        swallowed = os.write(2, b"x") if 2 in closed else 1
        rest = os.read(0, 1) if 0 in closed else b""
    assert (found, again, taken) == (closed, [], output)
    assert set(replaced.values()) <= {os.devnull}
    assert (swallowed, rest) == (1, b"")
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_python_has_a_standard_error_again(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with without([2]):
        open_standard_streams()
        assert sys.stderr.write("for nobody") == 10
        sys.stderr.flush()
