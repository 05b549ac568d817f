"""Who asks: wrk, the two-route client, and connections that are held.

In:     a port and a prepared file of requests (traffic.py).
Out:    plain figures: requests, seconds, latencies in milliseconds, errors.
Never:  runs on the server's CPU; measures the server (accounting.py does).
"""

import contextlib
import http.client
import json
import select
import socket
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from bench.servers import exchange

CLIENT_CPU: Final = 0
SERVER_CPU: Final = 1
SPARE_S: Final = 30
REPLAY: Final = Path(__file__).with_name("replay.lua")


class LoadError(Exception):
    """A client failed by itself; the server is not to blame."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a client saw in one round."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int  # connect, read, write, timeout
    refused: int  # statuses of 400 and above
    slow: dict[str, float] | None = None  # the slow route's own figures, where there are two routes

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def ask_with_wrk(port: int, requests: Path, *, connections: int, seconds: int) -> Answered:
    """Run wrk with one thread on the client's CPU for whole seconds."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(REPLAY)]
    row = _run([*words, f"http://127.0.0.1:{port}/", "--", str(requests)], seconds)
    return Answered(
        requests=row["requests"],
        seconds=row["duration_us"] / 1e6,
        p50_ms=row["p50_us"] / 1e3,
        p99_ms=row["p99_us"] / 1e3,
        errors=row["connect"] + row["read"] + row["write"] + row["timeout"],
        refused=row["status"],
    )


def ask_two_routes(program: str, port: int, requests: Path, *, connections: int, seconds: int) -> Answered:
    """Run routes.c: the latencies are those of the quick route, `slow` has the other's."""
    row = _run([program, str(port), str(connections), str(seconds), str(requests)], seconds)
    quick, slow = row["quick"], row["slow"]
    return Answered(
        requests=quick["requests"] + slow["requests"],
        seconds=row["duration_us"] / 1e6,
        p50_ms=quick["p50_us"] / 1e3,
        p99_ms=quick["p99_us"] / 1e3,
        errors=row["read"],
        refused=row["status"],
        slow={"requests": slow["requests"], "p50_ms": slow["p50_us"] / 1e3, "p99_ms": slow["p99_us"] / 1e3},
    )


def _run(words: list[str], seconds: int) -> dict[str, Any]:
    words = ["taskset", "-c", str(CLIENT_CPU), *words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + SPARE_S, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            row: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
            return row
    raise LoadError(f"{words[3]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}")


class HeldConnections:
    """Connections that each served one request and are then kept open, asking nothing.

    Never: reads after the first answer; `held_count` only looks whether the server closed.
    """

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets:
            sock.close()

    def open(self, port: int, requests: list[bytes], *, count: int, gap_s: float = 0.0) -> None:
        """Open `count` connections `gap_s` apart; each asks once and reads the answer, or is left out."""
        due = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + gap_s, time.monotonic())
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._open_one(port, requests[number % len(requests)])

    def _open_one(self, port: int, request: bytes) -> None:
        sock = socket.create_connection(("127.0.0.1", port), timeout=SPARE_S)
        self._sockets.append(sock)
        status, body = exchange(sock, request)
        if status == 200:
            self.answers.append(body)

    def held_count(self) -> int:
        """Count the connections that the server has not closed."""
        poll = select.poll()
        for sock in self._sockets:
            poll.register(sock, select.POLLIN | select.POLLRDHUP)
        return len(self._sockets) - len(poll.poll(0))

    def shares(self) -> list[float]:
        """Return each worker's share of the connections, from the pids in the answers, smallest first."""
        counts = Counter(self.answers)
        return sorted(count / len(self.answers) for count in counts.values())
