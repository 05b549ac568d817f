"""What the flows serve: one WSGI application whose paths do what a flow needs done.

In:     an environ; the first word of the path chooses.
Out:    answers whose bytes a client can foresee, or the misbehaviour that was asked for.
Never:  imports penstock: it is served as a user's application is.
"""

import ctypes
import hashlib
import itertools
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

PATTERN = bytes(range(251))  # a prime length, so that a lost or doubled block shows


def pattern(size):
    """Return the first bytes of the endless pattern."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


def application(environ, start_response):
    """Do what the path says."""
    word, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
    route = ROUTES.get(word)
    if route is None:
        return answer(start_response, b"no such path\n", "404 Not Found")
    return route(environ, start_response, rest)


def answer(start_response, body, status="200 OK", kind="text/plain"):
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def answer_json(start_response, value):
    return answer(start_response, json.dumps(value).encode() + b"\n", kind="application/json")


def query(environ, name, default):
    return parse_qs(environ.get("QUERY_STRING", "")).get(name, [default])[0]


def number(_environ, start_response, rest):
    """Answer the number of the path and the pid, always of the same length."""
    return answer(start_response, b"%09d %07d\n" % (int(rest), os.getpid()))


def process(_environ, start_response, _rest):
    return answer_json(
        start_response,
        {
            "pid": os.getpid(),
            "uid": os.getresuid(),
            "gid": os.getresgid(),
            "groups": os.getgroups(),
            "umask": current_umask(),
            "folder": os.getcwd(),
            "thread": threading.current_thread().name,
            "descriptors": sorted(os.listdir("/proc/self/fd")),
        },
    )


def current_umask():
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def environ_of(environ, start_response, _rest):
    return answer_json(start_response, {k: v for k, v in environ.items() if isinstance(v, str | bool)})


def echo(environ, start_response, _rest):
    return answer(start_response, environ["wsgi.input"].read())


def upload(environ, start_response, _rest):
    """Answer size and digest of the body, and how it was announced."""
    digest, size = hashlib.sha256(), 0
    while piece := environ["wsgi.input"].read(65536):
        digest.update(piece)
        size += len(piece)
    announced = environ.get("CONTENT_LENGTH")
    return answer_json(
        start_response, {"size": size, "sha256": digest.hexdigest(), "content_length": announced}
    )


def whole(environ, start_response, rest):
    """Answer that many bytes of the pattern, in one piece."""
    return answer(start_response, pattern(int(rest)), kind="application/octet-stream")


def stream(environ, start_response, rest):
    """Answer that many bytes of the pattern, of no announced length."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return pieces(int(rest), float(query(environ, "pause", "0")))


def pieces(size, pause_s):
    body = pattern(size)
    for start in range(0, size, 16384):
        yield body[start : start + 16384]
        if pause_s:
            time.sleep(pause_s)


def sleep(environ, start_response, rest):
    """Tell a file that the request is running, if ?begun= names one, then sleep."""
    if begun := query(environ, "begun", ""):
        with open(begun, "a") as file:
            file.write("begun\n")
    time.sleep(float(rest))
    return answer(start_response, b"slept\n")


def gate(environ, start_response, _rest):
    """Tell file ?begun= that the request is running, and wait for file ?until= to be there."""
    Path(query(environ, "begun", "")).touch()
    until = Path(query(environ, "until", ""))
    while not until.exists():
        time.sleep(0.01)
    return answer(start_response, b"let through\n")


def spin(environ, start_response, rest):
    """Compute in Python for that many seconds, or for ever."""
    end = time.monotonic() + float(rest or "inf")
    while time.monotonic() < end:
        pass
    return answer(start_response, b"spun\n")


def stubborn(environ, start_response, rest):
    """Compute in Python for ever, whatever Exception comes."""
    while True:
        try:
            spin(environ, start_response, rest)
        except Exception:  # noqa: BLE001 - what such code looks like
            continue


def deadlock(environ, start_response, _rest):
    """Wait for a lock that nobody gives back."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def silence(environ, start_response, _rest):
    """Wait for a peer that says nothing."""
    here, there = socket.socketpair()
    with here, there:
        here.recv(1)


def backtrack(environ, start_response, _rest):
    """Match an expression that takes centuries; the matcher keeps the interpreter's lock."""
    re.match("(a+)+$", "a" * 60 + "b")


def hold(environ, start_response, _rest):
    """Hang in C without giving the interpreter's lock back: a mutex locked twice."""
    mutex = (ctypes.c_char * 256)()
    library = ctypes.PyDLL(None)
    library.pthread_mutex_init(mutex, None)
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)


def compute(environ, start_response, _rest):
    """Compute in C without giving the interpreter's lock back."""
    sum(itertools.repeat(1, 10**15))


def extend(environ, start_response, rest):
    """Ask for more time, then sleep."""
    environ["penstock.extend_deadline"](float(query(environ, "by", "0")))
    return sleep(environ, start_response, rest)


def drip(environ, start_response, rest):
    """Answer a piece, then another each tenth of a second, for that many seconds."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(int(float(rest) * 10)):
        yield b"drop\n"
        time.sleep(0.1)


def say(environ, start_response, rest):
    logging.getLogger("shop").warning("said %s", rest)
    return answer(start_response, b"said\n")


def print_lines(environ, start_response, rest):
    print(rest)
    print(rest, "in anger", file=sys.stderr)
    return answer(start_response, b"printed\n")


def complain(environ, start_response, rest):
    environ["wsgi.errors"].write(f"complained {rest}\n")
    return answer(start_response, b"complained\n")


def fail(environ, start_response, rest):
    raise RuntimeError(f"failed on purpose {rest}")


def fail_late(environ, start_response, rest):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"so far so good\n" * 100
    raise RuntimeError(f"failed late on purpose {rest}")


def leave(environ, start_response, rest):
    os._exit(int(rest))


def crash(environ, start_response, _rest):
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)
    return answer(start_response, b"alive\n")


def system_exit(environ, start_response, rest):
    sys.exit(int(rest))


def child(environ, start_response, _rest):
    """Answer which descriptors a subprocess of the application holds."""
    program = (
        "import os; print([os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, close_fds=False)
    return answer(start_response, out.stdout)


def signalled(environ, start_response, rest):
    """Answer how a program ended that the application started and sent a signal."""
    with subprocess.Popen(["sleep", "20"]) as program:
        program.send_signal(int(rest))
        return answer(start_response, b"%d" % program.wait(10))


def orphan(environ, start_response, _rest):
    """Leave a process behind whose parent, a child of ours, has gone."""
    program = "import subprocess, sys; subprocess.Popen(['sleep', '0.2'])"
    subprocess.run([sys.executable, "-c", program], check=True)
    return answer(start_response, b"left\n")


def version(environ, start_response, _rest):
    return answer(start_response, b"version 1\n")


ROUTES = {
    "n": number,
    "process": process,
    "environ": environ_of,
    "echo": echo,
    "upload": upload,
    "whole": whole,
    "stream": stream,
    "sleep": sleep,
    "gate": gate,
    "spin": spin,
    "stubborn": stubborn,
    "deadlock": deadlock,
    "silence": silence,
    "backtrack": backtrack,
    "hold": hold,
    "compute": compute,
    "extend": extend,
    "drip": drip,
    "say": say,
    "print": print_lines,
    "complain": complain,
    "fail": fail,
    "fail-late": fail_late,
    "exit": leave,
    "crash": crash,
    "system-exit": system_exit,
    "child": child,
    "signalled": signalled,
    "orphan": orphan,
    "version": version,
}
