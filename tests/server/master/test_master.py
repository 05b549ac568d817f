"""The master with real children; it calls `announce`, in this process, when all workers are ready."""

import contextlib
import errno
import http.client
import logging
import os
import re
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.server.plans import alive, application, idle_agent, plan, wait_until

from penstock.server.address import TCPAddress
from penstock.server.errors import StartError
from penstock.server.listener import open_listeners
from penstock.server.master import master as master_module
from penstock.server.master import nursery as nursery_module
from penstock.server.master.lifecycle import State
from penstock.server.master.master import Master, serve
from penstock.server.master.notify import Notifier
from penstock.server.master.nursery import WorkerNotBorn
from penstock.server.master.roster import ImportGeneration, StartWorker
from penstock.server.plan import ServePlan
from penstock.server.process import Identity
from penstock.telemetry import ReloadState, Verdict, read_verdict
from penstock.telemetry.memory import layout

pytestmark = pytest.mark.usefixtures("keep_process")


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
        for pid in [*master._roster.members, master._guardian.pid, *templates(master)]:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        for listener in master._listeners:
            listener.close()
        for fd in [*master._family.private_fds, master._nursery._lifeline_fd]:
            with contextlib.suppress(OSError):
                os.close(fd)
        master._segment.close()


def templates(master: Master) -> list[int]:
    return [brood.pid for brood in master._nursery._broods.values()]


def signal_master(number: signal.Signals) -> Callable[[object], None]:
    return lambda _names: os.kill(os.getpid(), number)


def ask(name: str) -> int:
    """Return the pid of the worker that answers."""
    host, _, port = name.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
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


def children() -> set[int]:
    """Pids of all children of this process, whichever thread forked them, ended ones too."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


# Serving and stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_master_that_is_told_to_stop_ends_with_status_0_and_leaves_nobody(make_master, number) -> None:
    others = children()  # of tests before this one, in the same process
    master = make_master(announce=signal_master(number), workers=2)
    assert master.run() == 0
    assert master._roster.members == {}
    assert children() <= others


def test_loop_of_the_master_leaves_the_time_of_each_turn(make_master, monkeypatch) -> None:
    monkeypatch.setattr(master_module, "TURN_S", 0.01)
    words = []

    def steps(_name: str) -> None:
        before = master._segment.words[layout.MASTER_TURNED_NS_WORD]
        wait_until(lambda: master._segment.words[layout.MASTER_TURNED_NS_WORD] > before)
        words.append(before)

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures
    assert words[0] > 0


def test_second_term_stops_at_once(make_master) -> None:
    master = make_master()
    master._on_signal(signal.SIGTERM)
    patience_s = master._roster.patience_s
    master._on_signal(signal.SIGTERM)
    assert master._roster.patience_s < patience_s - 2


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
        os.write(assignment.order.channel_fd, b"R")
        while True:
            signal.pause()

    monkeypatch.setattr(nursery_module, "run_worker", deaf_worker)
    monkeypatch.setattr(master_module, "QUICK_STOP_S", 0.1)
    master = make_master(announce=signal_master(signal.SIGQUIT), preload="off")
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
        master._stop_at_s = time.monotonic()  # the hour is over
        wait_until(lambda: master._roster.is_stopping)

    caplog.set_level(logging.INFO)
    script = Script(steps, is_stopped_by_steps=True)
    master = make_master(announce=script, drain_s=3600.0)
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
        wait_until(lambda: master._roster.current == 2 and old not in master._roster.members)
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


def hang() -> None:
    time.sleep(3600)


@pytest.mark.parametrize(
    ("preload", "said"),
    [
        pytest.param("auto", "the application was not imported within 0.5 s (boot_timeout_s)", id="template"),
        pytest.param("off", "it was not ready within 0.5 s (boot_timeout_s)", id="worker"),
    ],
)
def test_application_whose_import_does_not_end_ends_the_server_with_its_reason(
    make_master, capsys, preload, said
) -> None:
    assert make_master(load=hang, boot_timeout_s=0.5, preload=preload).run() == 1
    assert f"penstock: {said}" in capsys.readouterr().err


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
        wait_until(lambda: "server.reload_failed" in caplog.text)
        assert ask(name)

    script = Script(steps)
    assert make_master(announce=script, load=load).run() == 0
    assert not script.failures
    assert "cannot load shop" in caplog.text
    assert "Traceback" in caplog.text


def test_worker_that_cannot_be_forked_is_tried_again_later(make_master, monkeypatch, caplog) -> None:
    master = make_master(preload="off")
    master._carry_out(ImportGeneration(1, 1))
    before = len(os.listdir("/proc/self/fd"))

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")

    before_s = time.monotonic()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        for _ in range(3):
            master._carry_out(StartWorker(1, 1))
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector
    assert master._roster.members == {}
    assert master._roster.wait_s(before_s) > 0
    assert "worker.start_failed" in caplog.text
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.mark.parametrize(("is_stopping", "errors"), [(False, 1), (True, 0)], ids=["serving", "stopping"])
def test_template_that_was_ended_by_a_stop_may_bear_none(make_master, caplog, is_stopping, errors) -> None:
    master = make_master()
    if is_stopping:
        master._on_signal(signal.SIGTERM)
    master._on_word(WorkerNotBorn(StartWorker(1, 1)))
    assert caplog.text.count("its template bore none") == errors


# The agent


def test_agent_that_dies_is_started_again_and_is_the_last_to_leave(make_master) -> None:
    def steps(_name: str) -> None:
        first = master._guardian.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: master._guardian.pid not in (0, first))

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures
    assert not alive(master._guardian.pid)


def test_usr1_is_passed_to_the_agent(make_master, tmp_path: Path) -> None:
    reopened = tmp_path / "reopened"

    def run_agent(segment, master_pid, assume) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: reopened.touch())
        (tmp_path / "listening").touch()
        idle_agent(segment, master_pid, assume)

    def steps(_name: str) -> None:
        wait_until((tmp_path / "listening").exists)
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(reopened.exists)

    script = Script(steps)
    assert make_master(announce=script, run_agent=run_agent).run() == 0
    assert not script.failures


# Small things


def test_shared_memory_that_cannot_be_had_is_one_line() -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StartError, match="no shared memory for 15 rings of 65536 bytes: file too large"):
            Master(plan(), Identity(), [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_usr2_while_the_server_stops_is_ignored_and_said(make_master, caplog) -> None:
    master = make_master()
    master._on_signal(signal.SIGTERM)
    master._on_signal(signal.SIGUSR2)
    assert "server.handover_ignored" in caplog.text


def test_new_program_that_is_ready_takes_over(make_master, caplog) -> None:
    def execute(sockets, channel_fd: int) -> None:
        assert sockets == {"127.0.0.1:0": master._listeners[0].fd}
        os.write(channel_fd, b"R")
        time.sleep(3600)  # one that died at once would not be taken for a successor

    caplog.set_level(logging.INFO)
    master = make_master(announce=signal_master(signal.SIGUSR2), execute=execute)
    assert master.run() == 0
    handed_over = re.search(r"server\.handed_over .*successor=([0-9]+)", caplog.text)
    assert handed_over
    os.kill(int(handed_over[1]), signal.SIGKILL)


def test_new_program_that_fails_changes_nothing(make_master, caplog) -> None:
    def steps(name: str) -> None:
        before = ask(name)
        os.kill(os.getpid(), signal.SIGUSR2)
        wait_until(lambda: "server.handover_failed" in caplog.text)
        assert ask(name) == before

    script = Script(steps)
    assert make_master(announce=script, execute=lambda sockets, channel_fd: os._exit(3)).run() == 0
    assert not script.failures
    assert "status=3" in caplog.text


# The service manager


def test_master_is_told_of_to_the_service_manager(make_master, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        notifier = Notifier(str(tmp_path / "notify"), 1.0)
        master = make_master(announce=signal_master(signal.SIGTERM), notifier=notifier)
        assert master.run() == 0
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard += manager.recv(4096).decode().splitlines()
    told = [line for line in heard if line.partition("=")[0] in {"READY", "STOPPING", "RELOADING"}]
    assert told == ["STOPPING=1"]  # the signal was there before the word could be said
    assert "STATUS=0 of 1 workers ready" in heard
    assert "WATCHDOG=1" in heard


def test_configuration_that_cannot_be_read_again_is_refused_and_leaves_nothing_behind(
    make_master, caplog
) -> None:
    def renew() -> ServePlan:
        raise StartError("penstock.toml line 1 is not TOML")

    def steps(name: str) -> None:
        before = ask(name)
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: "server.reload_failed" in caplog.text)
        assert ask(name) == before

    script = Script(steps)
    master = make_master(announce=script, renew=renew)
    assert master.run() == 0
    assert not script.failures
    assert "line 1 is not TOML" in caplog.text
    verdict = read_verdict(master._segment.fd, 2)
    assert verdict == Verdict(2, ReloadState.FAILED, "penstock.toml line 1 is not TOML")


def test_winch_lets_the_workers_go_and_ttin_brings_them_back(make_master, monkeypatch) -> None:
    monkeypatch.setattr(master_module, "has_terminal", lambda: False)

    def steps(_name: str) -> None:
        os.kill(os.getpid(), signal.SIGWINCH)
        wait_until(lambda: not master._roster.members)
        os.kill(os.getpid(), signal.SIGTTIN)
        wait_until(lambda: len(master._roster.ready_of(1)) == 1)

    script = Script(steps)
    master = make_master(announce=script)
    assert master.run() == 0
    assert not script.failures


def test_winch_of_a_terminal_means_that_it_was_resized(make_master, monkeypatch) -> None:
    monkeypatch.setattr(master_module, "has_terminal", lambda: True)
    master = make_master()
    master._on_signal(signal.SIGWINCH)
    assert not master._roster.is_idle
