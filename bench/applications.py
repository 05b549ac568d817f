"""The applications that are served: plain WSGI callables, the same for every server.

In:     an environ; the two amounts of work below from the environment, so that every server gets the same.
Out:    small exact answers with a Content-Length, so that no server has to chunk.
Never:  imports a server or prints.

Rules:  PEP 3333.
"""

import itertools
import os
import random
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SLOW_S = 0.010
SLOW_EVERY = 50  # 2 %
# How much work takes 20 ms here is measured once per run (machine.py) and handed to every server.
PYTHON_TURNS = int(os.environ.get("BENCH_PYTHON_TURNS", "400000"))
NATIVE_ITEMS = int(os.environ.get("BENCH_NATIVE_ITEMS", "1000000"))


def _slow_turns() -> Iterator[bool]:
    """Cycle through turns of which one in each block of 50 is slow, at a random place.

    A coin for each request would make the share itself vary by a tenth between rounds, and every figure too.
    """
    rng = random.Random(2)
    blocks = (rng.randrange(SLOW_EVERY) for _ in range(1_000))
    return itertools.cycle([turn == slow for slow in blocks for turn in range(SLOW_EVERY)])


SLOW_TURNS = _slow_turns()  # next() on it is one C call, so threads may share it
GREETING = b"Hello, world!"
DOWNLOAD = bytes(range(256)) * 4096  # 1 MiB
TEXT = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(GREETING)))]
BINARY = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(DOWNLOAD)))]


def hello(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer 13 bytes at once."""
    start_response("200 OK", TEXT)
    return [GREETING]


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Read the JSON body whole and send it back.

    It is not decoded: that would cost every server the same 50 microseconds and hide their difference.
    """
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def download(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer 1 MiB from memory."""
    start_response("200 OK", BINARY)
    return [DOWNLOAD]


def asleep(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Wait 10 ms, as for a database, with the GIL free."""
    time.sleep(SLOW_S)
    return hello(environ, start_response)


def sleeping_route(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Wait 10 ms below /slow/ and nowhere else."""
    if environ["PATH_INFO"].startswith("/slow/"):
        time.sleep(SLOW_S)
    return hello(environ, start_response)


def sometimes_asleep(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Wait 10 ms in 2 % of the requests; nothing in the request tells which."""
    if next(SLOW_TURNS):
        time.sleep(SLOW_S)
    return hello(environ, start_response)


def sometimes_computing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Compute 20 ms in Python in 2 % of the requests: the GIL changes hands each 5 ms."""
    if next(SLOW_TURNS):
        compute_in_python(PYTHON_TURNS)
    return hello(environ, start_response)


def sometimes_holding(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Hold the GIL for 20 ms inside one C call in 2 % of the requests: nobody can take over."""
    if next(SLOW_TURNS):
        compute_in_native(NATIVE_ITEMS)
    return hello(environ, start_response)


def process_id(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer the pid of the worker, so that a client can tell who holds its connection."""
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def compute_in_python(turns: int) -> int:
    """Work in byte code, where the interpreter may switch threads between any two turns."""
    total = 0
    for number in range(turns):
        total += number & 7
    return total


def compute_in_native(items: int) -> int:
    """Work in one C function that runs no byte code and never gives the GIL away."""
    return sum(range(items))
