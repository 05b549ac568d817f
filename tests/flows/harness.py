"""One running server: started by the command line, asked through sockets, ended by pid.

In:     the words after `penstock serve`.
Out:    a Server: its address, its processes, its logs.
Never:  leaves a process: all processes of a server are in the session that its master leads, and found by it.
"""

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from penstock.telemetry import Snapshot, WorkerState, find_masters

FLOWS: Final = Path(__file__).resolve().parent
ROOT: Final = FLOWS.parent.parent
# Far beyond what anything takes; a flow that needs it has failed.
PATIENCE_S: Final = 30.0
POLL_S: Final = 0.01
# For flows that count lines to the last: a busy machine may keep the agent from its CPU or its disk for
# seconds, and 4 MiB hold 11,000 records. Memory that is not written costs nothing.
ROOMY_RING: Final = {"PENSTOCK_RING_BYTES": "32 MiB"}
# Variables that would configure the server under test.
CONFIGURING: Final = re.compile(r"PENSTOCK_.*|PORT|WEB_CONCURRENCY|PYTHONPATH")

Found = TypeVar("Found")

TEXT_LINE: Final = re.compile(
    r'(?P<peer>\S+) - - \[(?P<time>[^\]"]{26})\] "(?P<line>[^"]*)" (?P<status>[0-9]{3}) (?P<sent>[0-9]+)'
    r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" pid=(?P<pid>[0-9]+) id=(?P<id>\S+)'
    r"(?: (?:total|head|body|queue|application|send)_ms=[0-9]+\.[0-9]{3}){6}"
    r'(?: outcome=(?P<outcome>[a-z_]+)(?: reason="(?P<reason>[^"]*)")?)?'
)


def wait_until(condition: Callable[[], Found], what: str, within_s: float = PATIENCE_S) -> Found:
    """Return the first true value of `condition`.

    Raises:
        AssertionError: it stayed false for `within_s`.
    """
    give_up_s = time.monotonic() + within_s
    while True:
        if found := condition():
            return found
        assert time.monotonic() < give_up_s, f"waited {within_s} s in vain: {what}"
        time.sleep(POLL_S)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment without what would configure a server, and with `extra`."""
    return {k: v for k, v in os.environ.items() if not CONFIGURING.fullmatch(k)} | dict(extra or {})


def run_command(
    *words: str, folder: Path = FLOWS, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `penstock WORDS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "penstock", *words],
        cwd=folder,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class AccessLine:
    """One line of the access log, of either format."""

    line: str
    status: int
    pid: int
    request_id: str
    peer: str
    outcome: str
    sent: int


def read_text_line(text: str) -> AccessLine:
    """Parse one line of the text format.

    Raises:
        AssertionError: it is not one intact line.
    """
    match = TEXT_LINE.fullmatch(text)
    assert match, f"not an access line: {text!r}"
    found = match.groupdict()
    return AccessLine(
        line=found["line"],
        status=int(found["status"]),
        pid=int(found["pid"]),
        request_id=found["id"],
        peer=found["peer"],
        outcome=found["outcome"] or "complete",
        sent=int(found["sent"]),
    )


def read_json_line(text: str) -> AccessLine:
    """Parse one line of the JSON format, likewise."""
    entry = json.loads(text)
    line = entry.get("penstock.request_line")
    if line is None:
        question = "?" if entry["url.query"] else ""
        target = f"{entry['url.path']}{question}{entry['url.query']}"
        line = f"{entry['http.request.method']} {target} HTTP/{entry['network.protocol.version']}"
    return AccessLine(
        line=line,
        status=entry["http.response.status_code"],
        pid=entry["process.pid"],
        request_id=entry["penstock.request_id"],
        peer=entry["client.address"],
        outcome=entry["penstock.outcome"],
        sent=entry["http.response.body.size"],
    )


def session_members(leader: int) -> dict[int, str]:
    """Return pid -> state letter of each living process of a session."""
    members = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has just ended
                state, _, _, session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(session) == leader and state not in "ZX":
                    members[int(entry.name)] = state
    return members


class Server:
    """A `penstock serve` in a session of its own.

    Args:
        words: what stands after the command.
        folder: for its logs; made here.
        chdir: the folder it is started in.
        environment: variables beside ours.
        logs: whether access and error log go to files below `folder`.
        stdout: where its standard output goes; a file below `folder` unless given.
        stderr: likewise.
        inherit: descriptors to leave open.
        prefix: words before python, as in `sh -c ...`.
        python: the interpreter.
        command: `serve`, or `cgi`.

    Attributes:
        is_noise_expected: whether warnings, errors and tracebacks in its logs are what the flow is about.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        chdir: Path = FLOWS,
        environment: Mapping[str, str] | None = None,
        logs: bool = True,
        stdout: int | None = None,
        stderr: int | None = None,
        inherit: Sequence[int] = (),
        prefix: Sequence[str] = (),
        python: str = sys.executable,
        command: str = "serve",
    ) -> None:
        folder.mkdir()
        self.folder = folder
        self.access_log = folder / "access.log"
        self.error_log = folder / "error.log"
        self.is_noise_expected = False
        self.is_killed = False
        self._sockets = [word.removeprefix("unix:") for word in words if word.startswith("unix:")]
        if logs:
            words = [*words, "--access-log", str(self.access_log), "--error-log", str(self.error_log)]
        with (folder / "stderr").open("wb") as err, (folder / "stdout").open("wb") as out:
            self.process = subprocess.Popen(
                [*prefix, python, "-m", "penstock", command, *words],
                cwd=chdir,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=out if stdout is None else stdout,
                stderr=err if stderr is None else stderr,
                start_new_session=True,
                pass_fds=inherit,
            )
        self.pid = self.process.pid
        self.addresses: list[str] = []

    # Beginning and end

    def wait_ready(self) -> "Server":
        """Wait for the banner; it holds the addresses."""

        def banner() -> list[str]:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.stderr()}"
            found = re.search(r"^  at +(.+)$", self.stderr(), re.MULTILINE)
            return found[1].split() if found else []

        self.addresses = wait_until(banner, "the server's banner")
        return self

    def send_signal(self, number: int) -> None:
        """Send a signal to the master."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return the exit status when the master has ended."""
        return self.process.wait(PATIENCE_S * 2)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the master and return its exit status."""
        self.send_signal(number)
        return self.wait()

    def end(self) -> None:
        """Make an end of it, whatever its state; may be called twice."""
        if self.process.poll() is None:
            self.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE_S / 2)
        left = session_members(self.pid)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.left = left

    def check_end(self) -> None:
        """Assert that nothing of it is left, and that its logs are quiet unless noise was expected."""
        assert not self.left, f"processes left: {self.left}"
        if not self.is_killed:
            assert not [path for path in self._sockets if os.path.exists(path)], "a socket file is left"
        noise = [] if self.is_noise_expected else self.noise()
        assert not noise, "\n".join(noise)

    # Processes

    def status(self) -> dict[str, Any]:
        """Return what `penstock status --json` says of this server."""
        ran = run_command("status", "--json", "--pid", str(self.pid))
        assert ran.returncode == 0, ran.stderr
        (server,) = json.loads(ran.stdout)
        return server

    def states(self) -> list[WorkerState]:
        """Return the states of its workers at once: a command takes half a second to start.

        Nothing is left of a server that has ended.
        """
        found = next((found for found in find_masters() if found.pid == self.pid), None)
        if found is None:
            return []
        fd = found.open()
        try:
            return [worker.state for worker in Snapshot.take(fd).workers]
        finally:
            os.close(fd)

    def workers(self, state: str = "ready") -> list[int]:
        """Return the pids of the workers in `state`."""
        return [worker["pid"] for worker in self.status()["workers"] if worker["state"] == state]

    def agent(self) -> int:
        """Return the agent's pid; it may start later than the workers, who have nothing to import."""
        return wait_until(lambda: self.status()["agent_pid"], "the agent")

    def members(self) -> dict[int, str]:
        """Return pid -> state letter of all its processes that live."""
        return session_members(self.pid)

    # Addresses

    @property
    def address(self) -> tuple[str, int] | str:
        """The first address, as socket.connect takes it."""
        return socket_address(self.addresses[0])

    @property
    def port(self) -> int:
        """The port of the first address."""
        assert isinstance(self.address, tuple)
        return self.address[1]

    @property
    def url(self) -> str:
        """The first address, as curl takes it."""
        return self.addresses[0]

    # Logs

    def stderr(self) -> str:
        """Return what it has written to standard error."""
        return (self.folder / "stderr").read_text(errors="replace")

    def stdout(self) -> str:
        """Return what it has written to standard output."""
        return (self.folder / "stdout").read_text(errors="replace")

    def errors(self) -> str:
        """Return the error log."""
        return self.error_log.read_text() if self.error_log.exists() else self.stderr()

    def noise(self) -> list[str]:
        """Return the lines of error log and standard error that say that something is wrong."""
        wrong = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|Traceback")
        return [line for line in (self.errors() + self.stderr()).splitlines() if wrong.search(line)]

    def accesses(self, path: Path | None = None) -> list[AccessLine]:
        """Parse the access log; each line must be intact."""
        text = (path or self.access_log).read_text()
        assert not text or text.endswith("\n"), f"cut line: {text[-200:]!r}"
        read = read_json_line if text.startswith("{") else read_text_line
        return [read(line) for line in text.splitlines()]

    def wait_accesses(self, count: int) -> list[AccessLine]:
        """Wait until the access log has at least `count` lines."""

        def has_them() -> bool:
            return self.access_log.exists() and self.access_log.read_bytes().count(b"\n") >= count

        wait_until(has_them, f"{count} access lines")
        return self.accesses()


def socket_address(shown: str) -> tuple[str, int] | str:
    """Return the address of the banner as socket.connect takes it."""
    if shown.startswith("unix:"):
        return shown.removeprefix("unix:")
    host, _, port = shown.removeprefix("http://").rpartition(":")
    return host.strip("[]"), int(port)
