"""Who is measured, how each is started, and how it is ended.

Every server gets one worker, the same application, the same threads where it has threads, and one CPU. Ours
writes its access log to a file and keeps its metrics; the peers log nothing, which is in their favour.

In:     a Job: application, port, threads, workers, folder for its files.
Out:    a running process tree that has answered the scenario's first request as expected.
Never:  leaves a process behind; ends one by name. A server that does not start says why (StartError).
"""

import contextlib
import http.client
import importlib.metadata
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.accounting import Member, is_alive, tree_members

BOOT_S: Final = 20.0
STOP_S: Final = 5.0
POLL_S: Final = 0.02
KEEP_ALIVE_S: Final = 300  # longer than any measurement: nobody wins by closing idle connections
ROOT: Final = Path(__file__).resolve().parent.parent
USUAL_THREADS: Final = 4


class StartError(Exception):
    """A server could not be started, or answers something else than the application says."""


@dataclass(frozen=True, slots=True)
class Job:
    """One server's task in one scenario."""

    application: str  # module:attribute
    port: int
    threads: int | None  # None: each server's usual number for an application that never waits
    workers: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Server:
    """One way to serve: how the command is made and what it cannot do."""

    name: str
    package: str | None  # whose version is reported
    command: Callable[[Job], list[str]]
    takes_threads: bool = True  # False: one request at a time
    keeps_alive: bool = True
    is_own: bool = False  # penstock, in whichever lanes
    only_greets: bool = False  # answers the greeting whatever is asked
    reasons: tuple[str, ...] = ()  # why it is configured so, for the report

    @property
    def version(self) -> str:
        """The installed version; empty for what is no package."""
        return importlib.metadata.version(self.package) if self.package else ""


@dataclass(slots=True)
class Running:
    """A server that answers."""

    server: Server
    job: Job
    process: subprocess.Popen[bytes]
    words: list[str]  # the command, for the report
    request_count: int = 0  # what clients completed, for the comparison with the access log
    members: list[Member] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The first process of the tree."""
        return self.process.pid

    @property
    def access_log(self) -> Path:
        """Where our own server writes its lines; peers have none."""
        return self.job.folder / "access.log"


def binary(name: str) -> str:
    """Return the program of the environment that runs this benchmark."""
    return str(Path(sys.executable).with_name(name))


def _penstock(lanes: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        words = [binary("penstock"), "serve", job.application, "-b", f"127.0.0.1:{job.port}"]
        words += ["-w", str(job.workers), "--threads", str(job.threads or USUAL_THREADS), "--lanes", lanes]
        return [*words, "--keep-alive", str(KEEP_ALIVE_S), "--access-log", str(job.folder / "access.log")]

    return command


def _gunicorn(kind: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        words = [binary("gunicorn"), job.application, "-b", f"127.0.0.1:{job.port}", "-w", str(job.workers)]
        words += ["--no-control-socket", "--log-level", "error", "-k", kind]
        if kind == "gthread":
            words += ["--threads", str(job.threads or USUAL_THREADS)]
            words += ["--worker-connections", "4000", "--keep-alive", str(KEEP_ALIVE_S)]
        return words

    return command


def _waitress(job: Job) -> list[str]:
    words = [
        binary("waitress-serve"),
        f"--listen=127.0.0.1:{job.port}",
        f"--threads={job.threads or USUAL_THREADS}",
    ]
    words += ["--connection-limit=4000", "--asyncore-use-poll", f"--channel-timeout={KEEP_ALIVE_S}"]
    return [*words, job.application]


def _granian(job: Job) -> list[str]:
    words = [binary("granian"), "--interface", "wsgi", "--http", "1", "--no-ws", "--host", "127.0.0.1"]
    words += [
        "--port",
        str(job.port),
        "--workers",
        str(job.workers),
        "--runtime-threads",
        "1",
        "--backlog",
        "4096",
    ]
    words += ["--blocking-threads", str(job.threads or USUAL_THREADS), "--log-level", "error"]
    return [*words, job.application]


def _uwsgi(job: Job) -> list[str]:
    words = [binary("uwsgi"), "--http-socket", f"127.0.0.1:{job.port}", "--module", job.application]
    words += ["--add-header", "Connection: close"]
    words += ["--processes", str(job.workers), "--master", "--die-on-term", "--need-app", "--disable-logging"]
    words += [
        "--listen",
        "1024",
        "--buffer-size",
        "16384",
        "--single-interpreter",
        "--virtualenv",
        sys.prefix,
    ]
    words += ["--pythonpath", str(ROOT)]
    return [*words, "--threads", str(job.threads)] if job.threads else words


def _in_python(source: str) -> Callable[[Job], list[str]]:
    """Servers without a command line of their own, or with one that cannot be told what we need."""

    def command(job: Job) -> list[str]:
        module, _, attribute = job.application.partition(":")
        return [sys.executable, "-c", source.format(module=module, attribute=attribute, port=job.port)]

    return command


def _loop(job: Job) -> list[str]:
    return [compile_c("loop", job.folder), str(job.port)]


BJOERN: Final = "import bjoern, {module} as m; bjoern.run(m.{attribute}, '127.0.0.1', {port})"
FASTWSGI: Final = "import fastwsgi, {module} as m; fastwsgi.run(m.{attribute}, '127.0.0.1', {port})"

SERVERS: Final = {
    server.name: server
    for server in (
        Server(
            "penstock",
            "penstock",
            _penstock("auto"),
            is_own=True,
            reasons=("lanes auto; access log to a file, metrics on",),
        ),
        Server(
            "penstock-pool",
            "penstock",
            _penstock("pool"),
            is_own=True,
            reasons=("every request handed to a thread",),
        ),
        Server("bjoern", "bjoern", _in_python(BJOERN), takes_threads=False),
        Server("fastwsgi", "fastwsgi", _in_python(FASTWSGI), takes_threads=False),
        Server("granian", "granian", _granian),
        Server(
            "uwsgi",
            "uwsgi",
            _uwsgi,
            keeps_alive=False,
            reasons=(
                "--http-socket, a connection per request",
                "http11-socket serves one connection at a time, the keep-alive router costs 3 x as much",
            ),
        ),
        Server("waitress", "waitress", _waitress),
        Server("gunicorn-gthread", "gunicorn", _gunicorn("gthread")),
        Server(
            "gunicorn-sync",
            "gunicorn",
            _gunicorn("sync"),
            takes_threads=False,
            keeps_alive=False,
            reasons=("closes after each answer: its CPU includes a connection per request",),
        ),
        Server(
            "loop", None, _loop, only_greets=True, reasons=("C, epoll, parses nothing: the kernel's share",)
        ),
    )
}


def compile_c(name: str, folder: Path) -> str:
    """Compile bench/NAME.c into a folder that is thrown away.

    Raises:
        StartError: there is no C compiler, or it refuses.
    """
    program = folder / name
    words = ["cc", "-O2", "-o", str(program), str(Path(__file__).with_name(f"{name}.c"))]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise StartError(f"{name}.c; expected a C compiler named cc") from error
    except subprocess.CalledProcessError as error:
        raise StartError(f"{name}.c does not compile: {last_line(error.stderr)}") from error
    return str(program)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def run_server(
    server: Server, job: Job, cpus: str, first: bytes, environ: dict[str, str]
) -> Iterator[Running]:
    """Start a server on the given CPUs, wait until it answers `first` with 200, and end its whole tree after.

    Raises:
        StartError: it cannot be started, ends, does not answer within BOOT_S or answers another status.
    """
    output = job.folder / "output.txt"
    words = _command(server, job)
    with output.open("wb") as sink:
        process = subprocess.Popen(
            ["taskset", "-c", cpus, *words],
            cwd=ROOT,
            env=_clean_environment() | environ,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    running = Running(server, job, process, words)
    try:
        _wait_for_answer(running, first, output)
        running.members = tree_members(process.pid)
        yield running
    finally:
        _stop(running)


def exchange(sock: socket.socket, request: bytes) -> tuple[int, bytes]:
    """Send one request and read its whole answer; the connection stays open if both sides agree."""
    sock.sendall(request)
    response = http.client.HTTPResponse(sock, method=request.split(b" ", 1)[0].decode())
    response.begin()
    body = response.read()
    return response.status, body


def last_line(text: str) -> str:
    """Return the last line that says something, at most 160 characters: the usual place of a reason."""
    text = text.replace(f"{ROOT}/", "").replace(f"{sys.prefix}/", "")  # places of this machine
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no output"


def _command(server: Server, job: Job) -> list[str]:
    words = server.command(job)
    if not Path(words[0]).exists():
        raise StartError(f"{Path(words[0]).name} is not installed (bench/requirements.in)")
    return words


def _clean_environment() -> dict[str, str]:
    """Leave out what would configure our own server from outside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}


def _wait_for_answer(running: Running, first: bytes, output: Path) -> None:
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise StartError(
                f"ended with {running.process.returncode}: {last_line(output.read_text(errors='replace'))}"
            )
        try:
            with socket.create_connection(("127.0.0.1", running.job.port), timeout=BOOT_S) as sock:
                status, _ = exchange(sock, first)
        except (OSError, http.client.HTTPException):
            time.sleep(POLL_S)
            continue
        if status != 200:
            raise StartError(
                f"answers {status}; expected 200: {last_line(output.read_text(errors='replace'))}"
            )
        running.request_count += 1
        return
    raise StartError(f"no answer within {BOOT_S:g} s: {last_line(output.read_text(errors='replace'))}")


def _stop(running: Running) -> None:
    """Ask the first process, then end what is left of the tree, each by its id."""
    running.members = sorted({*running.members, *tree_members(running.pid)}, key=lambda member: member.pid)
    if running.process.poll() is None:
        running.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(STOP_S)
    for member in running.members:
        if is_alive(member):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
    running.process.wait()
