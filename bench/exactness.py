"""Does every finished request have its line? Workers are killed each second, and the agent if asked for.

Run as `python -m bench.exactness` from the project's root; `--requests 100000` is what each of the clients
wants answered. Every request asks for a number of its own, so a line that is missing, doubled or mixed with
another shows.

    answered    the client got the whole answer: its number stands in the log, once
    finished    its record is committed in shared memory, or counted as dropped
    counted     the histograms have it; one killed between the two is not there
    dropped     the workers counted that it did not fit: the agent was away for longer than the rings hold
    lines       of the access log, all intact
    missing     answered and without a line: their worker was killed after sending and before recording
    killed      lines that the master wrote for requests inside of which a worker was killed

In:     a folder, how many workers and requests, whom to kill.
Out:    a Result; as a command one line of JSON, status 1 if lines + dropped != finished.
Never:  sleeps to be lucky: the log is read when all processes have ended.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from penstock.agent.metrics.tally import TallyReader
from penstock.telemetry import Segment, Snapshot, find_masters
from penstock.telemetry.memory import layout
from penstock.telemetry.reading.usage import resident

ROOT: Final = Path(__file__).resolve().parent.parent
DEPTH: Final = 16
# Answers of a batch are sent behind each other, then recorded; who is killed in between has not finished.
MAX_BATCH: Final = 32
PATIENCE_S: Final = 60.0
LINE: Final = re.compile(
    r'(?:127\.0\.0\.1|-) - - \[[^\]]+\] "GET /n/([0-9]{9}) HTTP/1\.1" ([0-9]{3}) [0-9]+ "-" "-" pid=.*'
)


def application(environ: Mapping[str, Any], start_response: Any) -> list[bytes]:
    """Answer the number that was asked for."""
    body = environ["PATH_INFO"].encode("latin-1")[-9:]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What came out."""

    seconds: float
    worker_kills: int
    agent_kills: int
    answered: int
    finished: int
    counted: int
    killed: int
    dropped: int
    lines: int
    damaged_lines: int
    missing: int
    doubled: int
    agent_peak_bytes: int

    @property
    def is_exact(self) -> bool:
        """Every finished request has its line, or was counted as dropped; nothing else is there."""
        return (
            self.lines + self.dropped == self.finished
            and self.missing <= self.dropped + MAX_BATCH * self.worker_kills
            and not (self.doubled or self.damaged_lines)
        )


class Asker(threading.Thread):
    """A client that wants so many answers, and asks on where a connection was cut.

    Attributes:
        answered: the numbers whose answers came whole.
    """

    def __init__(self, port: int, first: int, wanted: int) -> None:
        super().__init__()
        self._port = port
        self._next = first
        self._wanted = wanted
        self.answered: list[int] = []

    def run(self) -> None:
        """Ask until satisfied."""
        while len(self.answered) < self._wanted:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self._port), 10) as sock,
            ):
                self._converse(sock)

    def _converse(self, sock: socket.socket) -> None:
        while len(self.answered) < self._wanted:
            count = min(DEPTH, self._wanted - len(self.answered))
            numbers = range(self._next, self._next + count)
            self._next += count  # an unanswered number may have its line all the same: never ask it again
            sock.sendall(b"".join(b"GET /n/%09d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in numbers))
            received = b""
            while received.count(b"\r\n\r\n") < count or not received.endswith(b"%09d" % numbers[-1]):
                piece = sock.recv(65536)
                if not piece:
                    self._take(received, numbers)
                    return
                received += piece
            self._take(received, numbers)

    def _take(self, received: bytes, numbers: Iterable[int]) -> None:
        bodies = re.findall(rb"\r\n\r\n([0-9]{9})", received)
        self.answered += [
            number for number, body in zip(numbers, bodies, strict=False) if number == int(body)
        ]


class Slayer(threading.Thread):
    """Kills a worker each second, and the agent as often as asked for.

    Args:
        master_pid: the server's.
        agent_every_s: 0 = never.
    """

    def __init__(self, master_pid: int, agent_every_s: float) -> None:
        super().__init__()
        self._master_pid = master_pid
        self._agent_every_s = agent_every_s
        self.is_over = threading.Event()
        self.worker_kills = self.agent_kills = self.agent_peak_bytes = 0

    def run(self) -> None:
        """Kill until it is over."""
        with opened(self._master_pid) as fd:
            # The first early: a short run has to see one.
            agent_due_s = worker_due_s = time.monotonic() + 0.2
            while not self.is_over.wait(max(0.0, worker_due_s - time.monotonic())):
                worker_due_s += 1.0
                snapshot = Snapshot.take(fd)
                self.agent_peak_bytes = max(self.agent_peak_bytes, resident(snapshot.agent_pid))
                ready = [worker.pid for worker in snapshot.workers if worker.state.name == "READY"]
                if ready:
                    self.worker_kills += kill(ready[self.worker_kills % len(ready)])
                if self._agent_every_s and time.monotonic() >= agent_due_s and snapshot.agent_pid:
                    self.agent_kills += kill(snapshot.agent_pid)
                    agent_due_s += self._agent_every_s


def kill(pid: int) -> int:
    """Kill a process; 1 = it was there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return 1
    return 0


@contextlib.contextmanager
def opened(master_pid: int) -> Iterator[int]:
    """Open the memory of a server, to be read."""
    (found,) = [found for found in find_masters() if found.pid == master_pid]
    fd = found.open()
    try:
        yield fd
    finally:
        os.close(fd)


def measure(
    folder: Path, *, workers: int, requests: int, agent_every_s: float = 0.0, words: Sequence[str] = ()
) -> Result:
    """Serve, ask, kill, stop, and compare.

    Args:
        folder: for the log.
        workers: processes, and clients.
        requests: answers that each client wants.
        agent_every_s: seconds between two kills of the agent; 0 = it lives.
        words: more for `penstock serve`.
    """
    log = folder / "access.log"
    arguments = ["bench.exactness", "-b", "127.0.0.1:0", "-w", str(workers), "--access-log", str(log), *words]
    with (folder / "stderr").open("wb") as stderr:
        server = subprocess.Popen(
            [sys.executable, "-m", "penstock", "serve", *arguments],
            cwd=ROOT,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        return _measure_running(server, folder, workers, requests, agent_every_s)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _measure_running(
    server: "subprocess.Popen[bytes]", folder: Path, workers: int, requests: int, agent_every_s: float
) -> Result:
    port = _wait_for_port(folder / "stderr")
    askers = [Asker(port, place * 100_000_000, requests) for place in range(workers)]
    slayer = Slayer(server.pid, agent_every_s)
    began_s = time.monotonic()
    for thread in (*askers, slayer):
        thread.start()
    for asker in askers:
        asker.join()
    seconds = time.monotonic() - began_s
    slayer.is_over.set()
    slayer.join()
    with opened(server.pid) as fd:  # the memory stays while we hold it
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)
        segment = Segment.attach(os.dup(fd), writable=False)
        try:
            return _compare(segment, folder / "access.log", askers, slayer, seconds)
        finally:
            segment.close()


def _wait_for_port(stderr: Path) -> int:
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        if found := re.search(r"at +http://127\.0\.0\.1:([0-9]+)", stderr.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise TimeoutError(f"no server within {PATIENCE_S} s: {stderr.read_text()!r}")


def _compare(segment: Segment, log: Path, askers: Sequence[Asker], slayer: Slayer, seconds: float) -> Result:
    text = log.read_text().splitlines()
    matches = [LINE.fullmatch(line) for line in text]
    numbers = [int(match[1]) for match in matches if match]
    logged = set(numbers)
    answered = [number for asker in askers for number in asker.answered]
    ended, dropped = (sum_of(segment, word) for word in (layout.ACCESS_END, layout.ACCESS_DROPPED))
    return Result(
        seconds=round(seconds, 1),
        worker_kills=slayer.worker_kills,
        agent_kills=slayer.agent_kills,
        answered=len(answered),
        finished=ended + dropped,
        counted=sum(TallyReader(segment).read().by_class),
        killed=sum(" outcome=cut" in line for line in text),
        dropped=dropped,
        lines=len(text),
        damaged_lines=matches.count(None),
        missing=len(set(answered) - logged),
        doubled=len(numbers) - len(logged),
        agent_peak_bytes=slayer.agent_peak_bytes,
    )


def sum_of(segment: Segment, word: int) -> int:
    """Return a word of all slots, added up: over all processes that there were."""
    plan = segment.layout
    return sum(segment.words[plan.slot_at(slot) // layout.WORD_BYTES + word] for slot in range(plan.slots))


def main() -> int:
    """Run once and print the result."""
    parser = argparse.ArgumentParser(prog="python -m bench.exactness", description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--requests", type=int, default=100_000, help="answers that each client wants")
    parser.add_argument("--kill-agent-every", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("words", nargs="*", help="more for `penstock serve`, behind --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(
            Path(folder),
            workers=given.workers,
            requests=given.requests,
            agent_every_s=given.kill_agent_every,
            words=given.words,
        )
    sys.stdout.write(json.dumps(dataclasses.asdict(result) | {"is_exact": result.is_exact}) + "\n")
    return 0 if result.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
