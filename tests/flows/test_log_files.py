"""Log files that rotate, are compressed, cannot grow, and are read back: never a line too few or too many."""

import collections
import functools
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flows.client import Client, NumberAsker, in_threads, number_of
from tests.flows.harness import FLOWS, clean_environment, read_text_line, run_command, wait_until

pytestmark = pytest.mark.flow

FULL_BYTES = 100_000
ROTATED_OFTEN = {"PENSTOCK_LOG_ROTATE_BYTES": "65536", "PENSTOCK_RING_BYTES": str(32 << 20)}


def files_of(log: Path) -> list[Path]:
    """The files of a log, the rotated ones first."""
    return [*sorted(log.parent.glob(f"{log.name}.*")), log]


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()


def numbers_in(log: Path) -> collections.Counter[int]:
    """How often each number was asked for, by all files of a log; each line must be intact."""
    lines = [line for path in files_of(log) for line in text_of(path).splitlines()]
    return collections.Counter(number_of(read_text_line(line).line) for line in lines)


def ask(server, numbers) -> None:
    NumberAsker(server.address).ask_all(numbers)


@pytest.mark.timeout(200)
def test_agent_killed_while_it_rotates_and_compresses_loses_and_doubles_no_line(serve, is_full) -> None:
    share, kills = (100_000, 30) if is_full else (10_000, 5)
    server = serve("-w", "2", environment=ROTATED_OFTEN)
    server.is_noise_expected = True

    def kill_agents() -> None:
        killed = 0
        for _ in range(kills):
            agent = wait_until(
                lambda killed=killed: (pid := server.agent()) != killed and pid, "another agent"
            )
            rotated = len(files_of(server.access_log))
            wait_until(
                lambda rotated=rotated: is_over() or len(files_of(server.access_log)) > rotated, "a rotation"
            )
            os.kill(agent, signal.SIGKILL)
            killed = agent
        wait_until(lambda: server.agent() != killed, "the last agent, who tidies up")

    done = []

    def is_over() -> bool:
        return len(done) == 4

    def visit(place: int) -> None:
        ask(server, range(place * share, (place + 1) * share))
        done.append(place)

    in_threads([kill_agents, *(functools.partial(visit, place) for place in range(4))])
    assert server.stop() == 0
    found = numbers_in(server.access_log)
    assert set(found.values()) == {1}
    assert sorted(found) == list(range(4 * share))
    names = [path.name for path in files_of(server.access_log)]
    assert len(names) > 10
    assert not any(name.endswith(".part") for name in names)
    assert server.errors().count("agent") >= kills


def test_rotated_files_are_compressed_and_only_so_many_stay(serve) -> None:
    server = serve(environment=ROTATED_OFTEN | {"PENSTOCK_LOG_KEEP_COUNT": "3"})
    ask(server, range(4000))
    server.wait_accesses(1)

    def names() -> list[str]:
        return [path.name for path in files_of(server.access_log)]

    wait_until(
        lambda: len(names()) == 4 and all(name.endswith(".gz") for name in names()[:-1]),
        "three compressed files",
    )
    assert server.stop() == 0


def test_file_that_may_not_grow_is_said_and_goes_on_when_it_may_again(serve) -> None:
    server = serve()
    server.is_noise_expected = True
    agent = server.agent()
    # write(2) fails in the middle of a batch as on a full disk, with an error of its own
    _, hard_limit = resource.prlimit(agent, resource.RLIMIT_FSIZE)
    resource.prlimit(agent, resource.RLIMIT_FSIZE, (FULL_BYTES, hard_limit))
    ask(server, range(1000))
    wait_until(lambda: "File too large" in server.errors(), "the agent to say so")
    assert server.access_log.stat().st_size == FULL_BYTES
    resource.prlimit(agent, resource.RLIMIT_FSIZE, (hard_limit, hard_limit))
    wait_until(lambda: "written again after" in server.errors(), "the agent to say that it goes on")
    assert server.stop() == 0
    assert numbers_in(server.access_log) == collections.Counter(range(1000))


def test_what_the_application_says_and_prints_has_a_file_of_its_own(serve, tmp_path) -> None:
    log = tmp_path / "application.log"
    server = serve(
        environment={
            "PENSTOCK_APPLICATION_LOG": str(log),
            "PENSTOCK_CAPTURE_PRINT": "true",
            "PENSTOCK_ERROR_LOG_FORMAT": "json",
        }
    )
    server.is_noise_expected = True
    client = Client(server.address)
    client.get("/say/hello")
    client.get("/print/printed")
    client.get("/fail/now")
    client.close()
    (worker,) = server.workers()
    assert server.stop() == 0
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    said = [(entry["log.logger"], entry["severity_text"], entry["body"]) for entry in entries]
    assert said == [
        ("shop", "WARNING", "said hello"),
        ("stdout", "INFO", "printed"),
        ("stderr", "WARNING", "printed in anger"),
    ]
    ids = {line.request_id for line in server.accesses()}
    assert {entry["penstock.request_id"] for entry in entries} < ids
    assert {(entry["process.pid"], entry["penstock.worker"]) for entry in entries} == {(worker, 1)}
    assert all(entry["thread.name"].startswith("penstock-") for entry in entries)
    loggers = {json.loads(line)["log.logger"] for line in server.errors().splitlines()}
    assert {"penstock.server", "penstock.wsgi"} <= loggers
    assert not loggers & {"shop", "stdout", "stderr"}
    assert "printed" not in server.stdout() + server.stderr()


# Reading them back


def test_logs_of_the_running_server_are_found_and_asked(serve) -> None:
    server = serve(environment=ROTATED_OFTEN)
    server.is_noise_expected = True
    ask(server, range(1000))
    client = Client(server.address)
    client.get("/say/hello")
    client.get("/fail/now")
    client.close()
    for said in ("said hello", "failed on purpose"):
        wait_until(lambda said=said: said in server.errors(), f"{said!r} to be written")

    def logs(*words: str) -> list[str]:
        ran = run_command("logs", "--pid", str(server.pid), *words)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    # Each worker's ring has its turn: of two requests the later may have its line first.
    for path, count in (("/n/", 1000), ("/say", 1), ("/fail", 1)):
        wait_until(lambda path=path, count=count: len(logs("--path", path)) == count, f"lines of {path}")
    (failed,) = logs("--status", "5xx")
    request_id = read_text_line(failed).request_id
    story = logs("--request", request_id)
    assert failed in story
    assert "  | RuntimeError: failed on purpose now" in story
    (said,) = logs("--level", "warning", "--request", read_text_line(logs("--path", "/say")[0]).request_id)
    assert said.endswith("shop: said hello")
    assert [json.loads(line)["url.path"] for line in logs("--path", "/n/99*", "--json", "-n", "2")] == [
        "/n/998",
        "/n/999",
    ]
    assert logs("--since", "1h", "--path", "/n/7")[0] == logs("--path", "/n/7")[0]
    assert server.stop() == 0
    ran = run_command("logs", "--pid", str(server.pid))
    assert (ran.returncode, ran.stderr) == (1, ran.stderr)
    assert ran.stderr.startswith("penstock: no ")


@pytest.mark.timeout(120)
def test_following_misses_and_doubles_no_line_across_rotations(serve) -> None:
    server = serve(environment=ROTATED_OFTEN)
    ask(server, range(50))
    server.wait_accesses(50)
    follower = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "penstock",
            "logs",
            "-f",
            "-n",
            "5",
            "--path",
            "/n/",
            "--pid",
            str(server.pid),
        ],
        cwd=FLOWS,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert follower.stdout is not None
        found = [number_of(read_text_line(follower.stdout.readline().strip()).line) for _ in range(5)]
        assert found == list(range(45, 50))
        ask(server, range(50, 5050))
        found = [number_of(read_text_line(follower.stdout.readline().strip()).line) for _ in range(5000)]
        assert found == list(range(50, 5050))
        assert len(files_of(server.access_log)) > 5
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 130
    finally:
        follower.kill()
        follower.communicate()
    assert server.stop() == 0
