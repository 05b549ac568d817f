"""What telemetry costs: the worker for each request, the agent for each record, and in system calls.

Run as `python -m bench.telemetry_cost [--seconds 5]` from the project's root, on a quiet machine.

    worker      CPU of the recorder's part of one request, in one process: a trace, enter, leave, access
    agent       CPU a line of an embedded agent that does everything (access log, errors, traces, store,
                DogStatsD in, a scrape each second), beside a worker that is kept busy by wrk
    memory      of that agent, at its end
    calls       system calls of the busy worker that do not serve the request, a request, counted by strace

In:     wrk and strace on PATH; loopback.
Out:    a table; status 1 if a bar is missed.
Never:  changes what it measures: strace counts after the CPU has been read.
"""

import argparse
import collections
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.accounting import cpu_ns
from bench.agent_lines import request
from bench.exactness import opened
from bench.load import SERVER_CPU, Answered, ask_with_wrk
from bench.traffic import browsing, write_requests
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.reading.snapshot import Snapshot
from penstock.telemetry.reading.usage import resident
from penstock.telemetry.traces.trace import RequestTrace
from penstock.telemetry.writing.recorder import Recorder

ROOT: Final = Path(__file__).resolve().parent.parent
TURNS: Final = 9
BATCH: Final = 2000
CONNECTIONS: Final = 16
WORKER_LIMIT_US: Final = 1.5
AGENT_LIMIT_US: Final = 3.0
AGENT_LIMIT_BYTES: Final = 80 << 20
# What serves a request: sockets, waiting, threads handing over, the interpreter's memory. Anything else would
# be telemetry's: its memory is mapped, and waking a parked agent is a write.
SERVING: Final = frozenset(
    {"recvfrom", "sendto", "sendmsg", "accept4", "getsockname", "setsockopt", "ioctl", "close", "shutdown"}
    | {"epoll_wait", "epoll_ctl", "futex", "clock_nanosleep", "mmap", "munmap", "mprotect", "brk", "madvise"}
)
CALLS_LIMIT: Final = 0.001


def worker_us() -> float:
    """CPU of the recorder's part of one request, in microseconds; the ring is emptied between turns."""
    segment = Segment.create(slots=2, threads=2, ring_bytes=4 << 20)
    recorder = Recorder(segment, 1, wait=lambda _: None)
    recorder.reset(os.getpid(), 1)
    requests = [request(number) for number in range(BATCH)]
    ring = segment.layout.access_ring(1)
    turns = []
    for _ in range(TURNS):
        began_ns = time.process_time_ns()
        for each in requests:
            each.trace = RequestTrace()
            recorder.enter(0, each.start_ns, each.line, each.request_id, each.trace)
            recorder.leave(0)
            recorder.access(each)
        turns.append(time.process_time_ns() - began_ns)
        segment.words[ring.tail_word] = segment.words[ring.end_word]
    return statistics.median(turns) / BATCH / 1000


@contextmanager
def server(folder: Path) -> Iterator[tuple[Snapshot, int, int]]:
    """Serve with everything on: (what its memory says, its port, that of its ops pages)."""
    words = ["serve", "bench.applications:hello", "-b", "127.0.0.1:0", "--ops", "127.0.0.1:0", "-w", "1"]
    words += ["--access-log", "access.log", "--error-log", "error.log"]
    options = {
        "PENSTOCK_STORE": str(folder / "store.sqlite"),
        "PENSTOCK_DOGSTATSD": f"unix:{folder / 'statsd'}",
    }
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CPU), sys.executable, "-m", "penstock", *words],
        cwd=folder,
        env=os.environ | options | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    try:
        ports = _ports(process)  # first: what it waits for is that the workers are ready
        yield _snapshot(process.pid), *ports
    finally:
        process.terminate()
        process.wait(30)


def _ports(process: "subprocess.Popen[bytes]") -> tuple[int, int]:
    """What the banner says: the ports of the site and of the ops pages."""
    assert process.stderr
    said = b""
    for line in process.stderr:
        said += line
        if line.lstrip().startswith(b"stop"):
            break
    found = dict(re.findall(rb"(at|ops) +http://127\.0\.0\.1:(\d+)", said))
    if found.keys() != {b"at", b"ops"}:
        raise SystemExit(f"penstock serve said {said.decode()!r}; expected its two addresses")
    return int(found[b"at"]), int(found[b"ops"])


def _snapshot(pid: int) -> Snapshot:
    with opened(pid) as fd:
        return Snapshot.take(fd)


def calls(pid: int, port: int, requests: Path) -> tuple[Answered, "collections.Counter[str]"]:
    """System calls of a busy process by name."""
    tracing = subprocess.Popen(
        ["strace", "-c", "-f", "-q", "-p", str(pid)], stderr=subprocess.PIPE, text=True
    )
    time.sleep(0.5)
    answered = ask_with_wrk(port, requests, connections=CONNECTIONS, seconds=2)
    tracing.send_signal(signal.SIGINT)
    _, table = tracing.communicate(timeout=10)
    counts: collections.Counter[str] = collections.Counter()
    for line in table.splitlines():
        columns = line.split()
        if len(columns) >= 5 and columns[3].isdigit() and columns[-1] != "total":
            counts[columns[-1]] = int(columns[3])
    return answered, counts


def main() -> None:
    """Measure and print; status 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="how long wrk asks (5)")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = folder / "requests"
        write_requests(browsing(), requests)
        with server(folder) as (snapshot, port, ops):
            ask_with_wrk(port, requests, connections=CONNECTIONS, seconds=1)
            (worker,) = snapshot.workers
            master = _snapshot(snapshot.master_pid)
            before_ns = cpu_ns(master.agent_pid)
            asked = 0
            for _ in range(seconds):
                asked += ask_with_wrk(port, requests, connections=CONNECTIONS, seconds=1).requests
                urllib.request.urlopen(f"http://127.0.0.1:{ops}/metrics").read()
            time.sleep(0.5)  # what the rings still hold
            after = _snapshot(snapshot.master_pid)
            lines = after.agent_lines - master.agent_lines
            agent_us = (cpu_ns(master.agent_pid) - before_ns) / lines / 1000
            agent_bytes = resident(master.agent_pid)
            answered, counted = calls(worker.pid, port, requests)
    in_worker_us = worker_us()
    own = sum(count for name, count in counted.items() if name not in SERVING) / answered.requests
    rows = [
        ("worker, CPU a request", f"{in_worker_us:.2f} us", WORKER_LIMIT_US, in_worker_us),
        ("agent, CPU a record", f"{agent_us:.2f} us", AGENT_LIMIT_US, agent_us),
        ("agent, resident", f"{agent_bytes / (1 << 20):.0f} MiB", AGENT_LIMIT_BYTES, agent_bytes),
        ("telemetry, system calls a request", f"{own:.5f}", CALLS_LIMIT, own),
    ]
    for what, shown, limit, figure in rows:
        print(f"{what:34} {shown:>10}  {'pass' if figure <= limit else 'FAIL'}")
    print(f"asked {asked}; by name: {dict(counted.most_common())}")
    sys.exit(any(figure > limit for _, _, limit, figure in rows))


if __name__ == "__main__":
    main()
