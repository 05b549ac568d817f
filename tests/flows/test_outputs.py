"""Outputs that take nothing: serving goes on, the loss is counted and said, once."""

import contextlib
import os
import re
from collections.abc import Callable, Iterable

import pytest
from tests.flows.client import NumberAsker
from tests.flows.harness import read_text_line, wait_until

pytestmark = pytest.mark.flow

# A small ring, so that it is full after some hundred lines.
SMALL_RING = {"PENSTOCK_RING_BYTES": "65536"}


def ask(server, count: int) -> None:
    """Ask, and check every answer."""
    NumberAsker(server.address).ask_all(range(count))


def partition(lines: Iterable[str], is_chosen: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    lines = list(lines)
    return [line for line in lines if is_chosen(line)], [line for line in lines if not is_chosen(line)]


def said(server, word: str) -> list[str]:
    return [line for line in server.errors().splitlines() if "penstock.agent" in line and word in line]


@pytest.fixture
def pipe():
    """Return both ends of a pipe: (read, write)."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        with contextlib.suppress(OSError):
            os.close(fd)


def test_pipe_that_nobody_reads_does_not_stop_serving(serve, pipe, tmp_path) -> None:
    read_fd, write_fd = pipe
    words = ("--access-log", "-", "--error-log", str(tmp_path / "error.log"))
    server = serve(*words, logs=False, stdout=write_fd, environment=SMALL_RING)
    server.error_log = tmp_path / "error.log"
    server.is_noise_expected = True
    os.close(write_fd)
    ask(server, 5000)
    wait_until(lambda: said(server, "nobody reads it"), "the agent to say so")
    ask(server, 5000)
    assert dropped(server) > 5000

    # Somebody begins to read: what was kept comes, whole; new lines too; and the end of the loss is said.
    os.set_blocking(read_fd, False)
    received = []

    def drain() -> bool:
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(read_fd, 65536):
                received.append(piece)
        return len(said(server, "access log")) >= 2

    wait_until(drain, "the agent to say that it goes on")
    last = dropped(server)
    ask(server, 50)
    wait_until(
        lambda: drain() and b"".join(received).count(b"\n") == 10_050 - last, "all lines that were kept"
    )
    assert dropped(server) == last
    assert server.stop() == 0
    assert len(said(server, "nobody reads it")) == 1
    # Each loss is said once; one just before the trouble may be said up to ten seconds later.
    counted = re.findall("([0-9]+) (?:access records dropped|records were lost)", server.errors())
    assert 5000 < sum(map(int, counted)) <= last


def dropped(server) -> int:
    """Return how many access lines are counted as lost."""
    status = server.status()
    return sum(worker["dropped_access"] for worker in status["workers"]) + status["agent_discarded"]


def test_stop_does_not_wait_for_a_pipe_that_nobody_reads(serve, pipe) -> None:
    _, write_fd = pipe
    server = serve("--access-log", "-", "--error-log", "/dev/null", logs=False, stdout=write_fd)
    ask(server, 5000)
    assert server.stop() == 0


def test_full_disk_does_not_stop_serving(serve, tmp_path) -> None:
    words = ("--access-log", "/dev/full", "--error-log", str(tmp_path / "error.log"))
    server = serve(*words, logs=False, environment=SMALL_RING)
    server.error_log = tmp_path / "error.log"
    server.is_noise_expected = True
    ask(server, 5000)
    wait_until(lambda: said(server, "o space left"), "the agent to say so")
    ask(server, 5000)
    assert dropped(server) > 5000
    assert server.stop() == 0
    assert len(said(server, "o space left")) == 1


def test_reader_that_goes_away_does_not_stop_serving(serve, pipe, tmp_path) -> None:
    read_fd, write_fd = pipe
    words = ("--access-log", "-", "--error-log", str(tmp_path / "error.log"))
    server = serve(*words, logs=False, stdout=write_fd)
    server.error_log = tmp_path / "error.log"
    server.is_noise_expected = True
    os.close(write_fd)
    os.close(read_fd)
    ask(server, 3000)
    wait_until(lambda: said(server, "access log"), "the agent to say so")
    ask(server, 3000)
    assert server.stop() == 0
    assert len(said(server, "roken pipe")) == 1


@pytest.mark.parametrize("closing", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_from_the_start_do_not_stop_serving(
    serve, connect, tmp_path, closing
) -> None:
    pid_file = tmp_path / "server.pid"
    log = tmp_path / "error.log"
    words = ["--access-log", "-", "--error-log", str(log), "--pid-file", str(pid_file)]
    prefix = ["sh", "-c", f'exec "$@" {closing}', "sh"]
    server = serve(*words, logs=False, prefix=prefix, ready=False)
    server.error_log = log
    server.is_noise_expected = True
    ready = wait_until(
        lambda: log.exists() and re.search(r"server\.ready .*addresses=(\S+)", log.read_text()), "ready"
    )
    server.addresses = [f"http://{ready[1]}"]
    ask(server, 3000)
    assert b"said" in connect(server).get("/say/x").body
    wait_until(lambda: said(server, "access log"), "the agent to say so")
    assert server.stop() == 0
    assert not server.stdout()


def test_standard_error_that_nobody_reads_does_not_stop_serving(serve, connect, pipe, tmp_path) -> None:
    _, write_fd = pipe
    place = f"unix:{tmp_path}/socket"
    words = ("--access-log", str(tmp_path / "access.log"), "-b", place)
    server = serve(*words, logs=False, stderr=write_fd, ready=False)
    server.access_log = tmp_path / "access.log"
    server.addresses = [place]
    wait_until(lambda: os.path.exists(f"{tmp_path}/socket"), "the socket")
    for number in range(300):
        assert (
            connect(server).get(f"/fail/{number}").status == 500
        )  # a traceback each: more than a pipe takes
    assert server.stop() == 0
    # The agent has nowhere else to say that the error log stands still.
    notices, lines = partition(
        server.access_log.read_text().splitlines(), lambda line: "penstock.agent" in line
    )
    assert len(notices) == 1
    assert [read_text_line(line).status for line in lines] == [500] * 300
