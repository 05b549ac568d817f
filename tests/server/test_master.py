"""The master with real children; it calls `announce`, in this process, when all workers are ready."""

import contextlib
import errno
import http.client
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.config import ProtocolConfig, ServerConfig, TelemetryConfig, WSGIConfig
from penstock.server import master as master_module
from penstock.server.address import TCPAddress
from penstock.server.errors import StartError
from penstock.server.lifecycle import State
from penstock.server.listener import open_listeners
from penstock.server.master import Master, ServePlan, _how_it_ended, _pid_file, serve
from penstock.server.process import Identity
from penstock.server.roster import StartWorker

pytestmark = pytest.mark.usefixtures("keep_process")


def application(environ, start_response):
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]


def idle_agent(segment, wake_fd, master_pid) -> None:
    """An agent that writes nothing and leaves when told to."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    while True:
        signal.pause()


def plan(
    *, load=lambda: application, run_agent=idle_agent, announce=lambda names: None, **server
) -> ServePlan:
    return ServePlan(
        server=ServerConfig(**{"bind": ("127.0.0.1:0",), "workers": 1, "graceful_timeout_s": 5.0, **server}),
        protocol=ProtocolConfig(),
        wsgi=WSGIConfig(),
        telemetry=TelemetryConfig(ring_bytes=65536),
        load=load,
        run_agent=run_agent,
        announce=announce,
    )


@pytest.fixture
def make_master() -> Iterator[Callable[..., Master]]:
    """Make a master with open listeners; whatever it leaves running is killed."""
    made: list[Master] = []

    def make(**options) -> Master:
        listeners = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
        master = Master(plan(**options), Identity(), listeners)
        made.append(master)
        return master

    yield make
    for master in made:
        for pid in [*master._roster.members, master._agent_pid]:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        for listener in master._listeners:
            listener.close()
        for fd in master._lifeline:
            os.close(fd)
        master._segment.close()


def signal_master(number: signal.Signals) -> Callable[[object], None]:
    return lambda _names: os.kill(os.getpid(), number)


def ask(name: str) -> int:
    """Return the pid of the worker that answers."""
    host, _, port = name.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request("GET", "/", headers={"Connection": "close"})
    body = connection.getresponse().read()
    connection.close()
    return int(body)


class Script:
    """What the test does while the master runs in the main thread, in a thread of its own."""

    def __init__(self, steps: Callable[[str], None], *, is_stopped_by_steps: bool = False) -> None:
        self.failures: list[BaseException] = []
        self._steps = steps
        self._is_stopped_by_steps = is_stopped_by_steps

    def __call__(self, names) -> None:
        threading.Thread(target=self._run, args=(names[0],)).start()

    def _run(self, name: str) -> None:
        try:
            self._steps(name)
        except BaseException as error:  # noqa: BLE001 - it belongs to the test
            self.failures.append(error)
        # To a master that has stopped already it would be a signal to this process.
        if self.failures or not self._is_stopped_by_steps:
            os.kill(os.getpid(), signal.SIGQUIT)


def wait_until(is_so: Callable[[], object]) -> None:
    give_up_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_s
        threading.Event().wait(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Serving and stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_master_that_is_told_to_stop_ends_with_status_0_and_leaves_nobody(make_master, number) -> None:
    master = make_master(announce=signal_master(number), workers=2)
    assert master.run() == 0
    assert master._roster.members == {}
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_second_term_stops_at_once(make_master) -> None:
    master = make_master()
    master._kill_at_s = None
    master._on_signal(signal.SIGTERM)
    patient_s = master._kill_at_s
    master._on_signal(signal.SIGTERM)
    assert patient_s is not None
    assert master._kill_at_s is not None
    assert master._kill_at_s < patient_s - 2


def test_serve_answers_until_it_is_stopped_and_closes_its_listener(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    seen: list[object] = []

    def announce(names) -> None:
        seen.append(names[0])
        seen.append(ask(names[0]) != os.getpid())
        seen.append(int(pid_file.read_text()) == os.getpid())
        os.kill(os.getpid(), signal.SIGTERM)

    assert serve(plan(announce=announce, pid_file=str(pid_file))) == 0
    assert seen[1:] == [True, True]
    assert not pid_file.exists()
    with pytest.raises(ConnectionRefusedError):
        ask(str(seen[0]))


def test_worker_that_does_not_stop_in_time_is_killed(make_master, monkeypatch, caplog) -> None:
    def deaf_worker(assignment) -> None:
        for number in (signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.write(assignment.ready_fd, b"R")
        while True:
            signal.pause()

    monkeypatch.setattr(master_module, "run_worker", deaf_worker)
    monkeypatch.setattr(master_module, "QUICK_STOP_S", 0.1)
    master = make_master(announce=signal_master(signal.SIGQUIT))
    assert master.run() == 0
    assert "it did not stop in time" in caplog.text


# Workers


def test_worker_that_dies_is_replaced(make_master) -> None:
    def steps(name: str) -> None:
        first = ask(name)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not alive(first))
        assert ask(name) != first

    script = Script(steps)
    assert make_master(announce=script).run() == 0
    assert not script.failures


def test_ttin_and_ttou_change_the_number_of_workers(make_master) -> None:
    def ready() -> int:
        return sum(member.state is State.READY for member in list(master._roster.members.values()))

    def steps(_name: str) -> None:
        os.kill(os.getpid(), signal.SIGTTIN)
        wait_until(lambda: ready() == 2)
        os.kill(os.getpid(), signal.SIGTTOU)
        wait_until(lambda: len(master._roster.members) == 1)

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures


def test_term_goes_on_accepting_for_drain_s_and_then_stops(make_master, caplog) -> None:
    def steps(name: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: "server.draining" in caplog.text)
        assert ask(name)
        wait_until(lambda: master._roster.is_stopping)

    caplog.set_level(logging.INFO)
    script = Script(steps, is_stopped_by_steps=True)
    master = make_master(announce=script, drain_s=0.5)
    assert master.run() == 0
    assert not script.failures
    assert "server.stopping" in caplog.text


def test_term_twice_while_draining_stops_at_once(make_master) -> None:
    def steps(_name: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: master._stop_at_s is not None)
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: master._roster.is_stopping)

    script = Script(steps, is_stopped_by_steps=True)
    master = make_master(announce=script, drain_s=3600.0)
    assert master.run() == 0
    assert not script.failures


def test_hup_replaces_every_worker(make_master) -> None:
    def steps(name: str) -> None:
        old = ask(name)
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: old not in master._roster.members)
        assert ask(name) != old

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures


def broken():
    raise ImportError("no module named 'shop'")


def silent():
    os._exit(7)


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        pytest.param(broken, "no module named 'shop'", id="raises"),
        pytest.param(silent, "status=7 while it imported the application", id="exits-without-a-word"),
    ],
)
def test_application_that_never_ran_ends_the_server_with_its_reason(
    make_master, capsys, load, expected
) -> None:
    assert make_master(load=load).run() == 1
    assert expected in capsys.readouterr().err


def test_application_that_breaks_later_is_reported_and_does_not_end_the_server(make_master, caplog) -> None:
    loads_well = True

    def load():
        if not loads_well:
            try:
                broken()
            except ImportError as error:
                raise RuntimeError("cannot load shop") from error
        return application

    def steps(name: str) -> None:
        nonlocal loads_well
        loads_well = False
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: "worker.boot_failed" in caplog.text)
        assert ask(name)

    script = Script(steps)
    assert make_master(announce=script, load=load).run() == 0
    assert not script.failures
    assert "cannot load shop" in caplog.text
    assert "Traceback" in caplog.text


def test_signal_for_a_child_that_is_not_its_own_yet_is_not_taken_for_the_masters(
    make_master, monkeypatch
) -> None:
    leave_master = Master._leave_master

    def signalled(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        leave_master(self)

    monkeypatch.setattr(Master, "_leave_master", signalled)
    master = make_master()
    master._signals = master_module.SignalQueue(master_module.HANDLED)
    master._carry_out(StartWorker(1, 1))
    (pid,) = master._roster.members
    assert os.waitpid(pid, 0)[1] == signal.SIGTERM
    assert set(master._signals.take()) == {signal.SIGCHLD}


def test_worker_that_cannot_be_forked_is_tried_again_later(make_master, monkeypatch, caplog) -> None:
    master = make_master()
    before = len(os.listdir("/proc/self/fd"))

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        for _ in range(3):
            master._carry_out(StartWorker(1, 1))
    assert len(os.listdir("/proc/self/fd")) == before
    assert master._roster.members == {}
    assert master._roster.wait_s(time.monotonic()) > 0
    assert "worker.start_failed" in caplog.text
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


# The agent


def test_agent_that_dies_is_started_again_and_is_the_last_to_leave(make_master) -> None:
    def steps(_name: str) -> None:
        first = master._agent_pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: master._agent_pid not in (0, first))

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures
    assert not alive(master._agent_pid)


def test_agent_that_fails_at_once_is_not_started_for_ever_while_the_server_stops(make_master) -> None:
    def run_agent(segment, wake_fd, master_pid) -> None:
        raise RuntimeError("no place to log to")

    master = make_master(run_agent=run_agent)
    master._signals = master_module.SignalQueue(master_module.HANDLED)
    master._roster.stop()
    waits = []
    for _ in range(4):
        master._start_agent()
        wait_until(lambda: not master._agent_pid or master._reap())
        waits.append(master._agent_not_before_s - time.monotonic())
    assert waits[-1] > 0.4


def test_agent_that_cannot_be_forked_is_tried_again_later(make_master, monkeypatch) -> None:
    master = make_master()

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        master._start_agent()
        master._start_agent()
    assert not master._agent_pid
    assert master._agent_not_before_s > time.monotonic()


def test_usr1_is_passed_to_the_agent(make_master, tmp_path: Path) -> None:
    reopened = tmp_path / "reopened"

    def run_agent(segment, wake_fd, master_pid) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: reopened.touch())
        (tmp_path / "listening").touch()
        idle_agent(segment, wake_fd, master_pid)

    def steps(_name: str) -> None:
        wait_until((tmp_path / "listening").exists)
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(reopened.exists)

    script = Script(steps)
    assert make_master(announce=script, run_agent=run_agent).run() == 0
    assert not script.failures


def test_agent_that_does_not_leave_is_killed(make_master, monkeypatch) -> None:
    def run_agent(segment, wake_fd, master_pid) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        idle_agent(segment, wake_fd, master_pid)

    monkeypatch.setattr(master_module, "AGENT_STOP_S", 0.1)
    master = make_master(announce=signal_master(signal.SIGTERM), run_agent=run_agent)
    assert master.run() == 0
    assert not alive(master._agent_pid)


# Small things


@pytest.mark.parametrize(
    ("wait_status", "expected"),
    [(0, "status=0"), (70 << 8, "status=70"), (signal.SIGKILL, "signal=SIGKILL"), (60, "signal=60")],
)
def test_end_of_a_child_is_said_in_words(wait_status: int, expected: str) -> None:
    assert _how_it_ended(wait_status) == expected


def test_pid_file_names_this_process_and_goes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text("not a pid")
    with _pid_file(str(file)):
        assert int(file.read_text()) == os.getpid()
    assert not file.exists()


def test_pid_file_that_another_server_took_over_stays(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with _pid_file(str(file)):
        file.write_text("1\n")
    assert file.read_text() == "1\n"


def test_pid_file_that_names_a_running_process_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getppid()}\n")
    with pytest.raises(StartError, match="which is running"), _pid_file(str(file)):
        pass


def test_pid_file_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(StartError, match="expected a writable place"), _pid_file("/nonexistent/pid"):
        pass


def test_shared_memory_that_cannot_be_had_is_one_line() -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StartError, match="no shared memory for 11 rings of 65536 bytes: file too large"):
            Master(plan(), Identity(), [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_usr2_is_ignored_and_said(make_master, caplog) -> None:
    make_master()._on_signal(signal.SIGUSR2)
    assert "signal_ignored" in caplog.text


# The children's side of a fork, in this process


class ChildError(Exception):
    """Ends what only a child would go on with."""


@pytest.fixture
def as_child(make_master, monkeypatch) -> Master:
    master = make_master()
    master._signals = master_module.SignalQueue(master_module.HANDLED)
    master._lifeline = os.pipe()
    monkeypatch.setattr(os, "fork", lambda: 0)
    return master


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_worker_begins_with_nothing_of_the_masters_and_signals_held_back(as_child, monkeypatch) -> None:
    seen = []

    def run(assignment) -> None:
        seen.append((assignment.slot, assignment.generation, is_open(assignment.ready_fd)))
        seen.append(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        raise ChildError

    other, _ = os.pipe()
    as_child._readiness[other] = 1
    monkeypatch.setattr(master_module, "run_worker", run)
    with pytest.raises(ChildError):
        as_child._carry_out(StartWorker(2, 3))
    assert seen == [(2, 3, True), True]
    assert [is_open(fd) for fd in (other, as_child._signals.fd, as_child._lifeline[1])] == [False] * 3
    as_child._lifeline = ()


@pytest.mark.parametrize(("fails", "expected"), [(False, 0), (True, 1)])
def test_agent_runs_without_listeners_and_ends_its_process(
    as_child, monkeypatch, capsys, fails, expected
) -> None:
    statuses = []

    def run_agent(segment, wake_fd, master_pid) -> None:
        assert as_child._listeners[0].sock.fileno() == -1
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if fails:
            raise RuntimeError("no place to log to")

    def leave(status: int) -> None:
        statuses.append(status)
        raise ChildError

    monkeypatch.setattr(os, "_exit", leave)
    as_child._plan = plan(run_agent=run_agent)
    with pytest.raises(ChildError):
        as_child._start_agent()
    assert statuses == [expected]
    assert ("no place" in capsys.readouterr().err) is fails
    as_child._lifeline = ()
