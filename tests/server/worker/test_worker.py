"""One worker, run in the test's own process: its main thread is this one."""

import dataclasses
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.server.plans import plan

from penstock.server.address import TCPAddress
from penstock.server.boot import BOOT_FAILED_STATUS, Imported
from penstock.server.listener import open_listeners
from penstock.server.master.overseer import SILENCE_NS
from penstock.server.message import Message, Order, open_channel, receive_message
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.server.worker import worker as worker_module
from penstock.server.worker.worker import Assignment, Worker, run_worker
from penstock.telemetry import STACK_SIGNAL, Segment, ask_for_stack, read_pulse

pytestmark = pytest.mark.usefixtures("keep_process")


def hello(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


class Desk:
    """What a master would hold of one worker."""

    def __init__(self, load: Callable[[], object] = lambda: hello, find_hook=None, **server) -> None:
        self.segment = Segment.create(2, 5, 65536)
        (self.listener,) = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
        self.address = self.listener.sock.getsockname()
        self.channel, theirs = open_channel()
        self.channel.setblocking(True)
        lifeline_fd, self.lifeline = os.pipe()
        self.assignment = Assignment(
            plan=plan(load=load, find_hook=find_hook, **server),
            heritage=Heritage(self.segment, Identity(), [self.listener]),
            imported=None,
            order=Order(1, 3, channel_fd=theirs.detach()),
            lifeline_fd=lifeline_fd,
            master_pid=os.getppid(),
        )
        self._steps: list[threading.Thread] = []

    def word(self) -> Message:
        """Wait for what the worker says of its boot."""
        hello = receive_message(self.channel)
        assert (hello.word, hello.pid) == (b"H", os.getpid())
        return receive_message(self.channel)

    def ask(self) -> bytes:
        with socket.create_connection(self.address, 20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := client.recv(65536):
                answer += data
        return answer

    def meanwhile(self, steps: Callable[[], object]) -> None:
        """Run `steps` in a thread once the worker is ready."""

        def run() -> None:
            assert self.word().word == b"R"
            steps()

        thread = threading.Thread(target=run)
        self._steps.append(thread)
        thread.start()

    def close(self) -> None:
        for thread in self._steps:
            thread.join(20)
            assert not thread.is_alive()
        self.listener.close()
        self.channel.close()
        if self.lifeline >= 0:
            os.close(self.lifeline)
        os.close(self.assignment.lifeline_fd)
        self.segment.close()


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(*args, **options) -> Desk:
        desks.append(Desk(*args, **options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


def kill(*numbers: signal.Signals) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


def test_worker_says_that_it_is_ready_and_serves_until_term(make_desk) -> None:
    desk = make_desk()
    answers = []

    def steps() -> None:
        answers.append(desk.ask())
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert answers[0].endswith(b"hello")


def test_idle_worker_shows_again_and_again_that_its_loop_turns(make_desk) -> None:
    desk = make_desk()
    beats: set[int] = set()

    def steps() -> None:
        give_up_s = time.monotonic() + 20
        while len(beats) < 3 and time.monotonic() < give_up_s:
            beats.add(read_pulse(desk.segment.fd, desk.segment.layout, 1).beat_ns)
            time.sleep(0.01)
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    Worker(desk.assignment).run()
    first, second, third = sorted(beats)
    # A machine that stands still for so long does not do so twice.
    assert 0 < min(second - first, third - second) < SILENCE_NS


def test_worker_shows_where_its_threads_stand_when_it_is_asked(make_desk) -> None:
    desk = make_desk()
    stacks: list[list[str]] = []

    def steps() -> None:
        stacks.append(ask_for_stack(desk.segment, lambda: kill(STACK_SIGNAL)))
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    Worker(desk.assignment).run()
    assert any("in _run" in line for line in stacks[0])


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((signal.SIGQUIT,), id="quit"),
        pytest.param((signal.SIGTERM, signal.SIGQUIT), id="both-at-once"),
        pytest.param((signal.SIGTERM, signal.SIGTERM), id="term-twice"),
    ],
)
def test_idle_worker_leaves_at_once_whatever_it_is_told(make_desk, numbers) -> None:
    desk = make_desk()
    worker = Worker(desk.assignment)

    def steps() -> None:
        while not worker._loop.watcher.is_parked:
            threading.Event().wait(0.01)
        kill(*numbers)

    desk.meanwhile(steps)
    assert worker.run() == 0


def test_signals_that_are_the_masters_business_do_nothing(make_desk) -> None:
    desk = make_desk()
    desk.meanwhile(
        lambda: kill(signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGTERM)
    )
    assert Worker(desk.assignment).run() == 0


def test_quit_closes_idle_connections_without_a_word(make_desk, caplog) -> None:
    desk = make_desk()
    clients = []

    def steps() -> None:
        clients.append(socket.create_connection(desk.address, 5))
        clients[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert clients[0].recv(65536)
        kill(signal.SIGQUIT)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert clients[0].recv(1) == b""
    clients[0].close()
    assert "worker.quit" not in caplog.text


def test_client_that_never_finishes_holds_a_leaving_worker_for_the_graceful_timeout_only(make_desk) -> None:
    desk = make_desk(graceful_timeout_s=0.05)
    clients = []

    def steps() -> None:
        clients.append(socket.create_connection(desk.address, 5))
        clients[0].sendall(b"GET / HTTP/1.1\r\nHo")
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    clients[0].close()


def test_worker_without_a_master_leaves(make_desk, caplog, monkeypatch) -> None:
    monkeypatch.setattr(worker_module, "ORPHAN_NS", 1)
    desk = make_desk()

    def steps() -> None:
        os.close(desk.lifeline)
        desk.lifeline = -1

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert "the master has gone" in caplog.text


# Booting


def missing():
    raise ImportError("no module named 'shop'")


def chained():
    try:
        missing()
    except ImportError as error:
        raise RuntimeError("cannot load shop:app") from error


def nameless():
    raise SystemExit


@pytest.mark.parametrize(
    ("load", "begins", "ends"),
    [
        pytest.param(missing, "no module named 'shop'", "no module named 'shop'", id="plain"),
        pytest.param(chained, "Traceback", "cannot load shop:app", id="with-cause"),
        pytest.param(nameless, "SystemExit", "SystemExit", id="exit"),
    ],
)
def test_application_that_cannot_be_loaded_is_told_to_the_master(make_desk, load, begins, ends) -> None:
    desk = make_desk(load)
    assert Worker(desk.assignment).run() == BOOT_FAILED_STATUS
    message = desk.word()
    assert message.word == b"F"
    assert message.text.startswith(begins)
    assert message.text.endswith(ends)


def test_worker_whom_nobody_expects_leaves_without_a_word(make_desk) -> None:
    desk = make_desk(missing)
    desk.channel.close()
    assert Worker(desk.assignment).run() == 0


class ExitedError(Exception):
    """Instead of the end of this process."""


@pytest.fixture
def exits(monkeypatch) -> list[int]:
    statuses: list[int] = []

    def leave(status: int) -> None:
        statuses.append(status)
        raise ExitedError

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: None)
    return statuses


def test_worker_process_ends_with_the_workers_status(make_desk, exits) -> None:
    desk = make_desk()
    desk.meanwhile(lambda: kill(signal.SIGTERM))
    with pytest.raises(ExitedError):
        run_worker(desk.assignment)
    assert exits == [0]
    kill(signal.SIGINT)  # it does nothing


def test_fault_of_ours_ends_the_worker_process_with_its_traceback(
    make_desk, exits, monkeypatch, capsys
) -> None:
    def fail(_self) -> int:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Worker, "run", fail)
    with pytest.raises(ExitedError):
        run_worker(make_desk().assignment)
    assert exits == [BOOT_FAILED_STATUS]
    assert "a fault of ours" in capsys.readouterr().err


def test_log_records_of_the_application_go_to_the_shared_memory(make_desk) -> None:
    desk = make_desk(missing)
    Worker(desk.assignment)
    assert any(type(handler).__name__ == "RecordHandler" for handler in logging.getLogger().handlers)


# Hooks


def test_hooks_are_called_before_the_first_request_and_after_the_last(make_desk) -> None:
    called = []

    def application(environ, start_response):
        called.append("request")
        return hello(environ, start_response)

    def find_hook(name):
        return lambda: called.append(name)

    hooks = {"on_worker_start": "shop:start", "on_worker_stop": "shop:stop"}
    desk = make_desk(lambda: application, find_hook, **hooks)

    def steps() -> None:
        desk.ask()
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert called == ["shop:start", "request", "shop:stop"]


def fail(name: str):
    def hook() -> None:
        raise OSError(f"{name} is away")

    return hook


def test_start_hook_that_fails_is_told_to_the_master_and_nothing_is_accepted(make_desk) -> None:
    desk = make_desk(find_hook=fail, on_worker_start="shop:start")
    assert Worker(desk.assignment).run() == BOOT_FAILED_STATUS
    message = desk.word()
    assert message.word == b"F"
    assert message.text.startswith("Traceback")
    assert message.text.endswith("on_worker_start 'shop:start' failed: OSError: shop:start is away")


def test_stop_hook_that_fails_is_logged_and_the_worker_leaves(make_desk, caplog) -> None:
    desk = make_desk(find_hook=fail, on_worker_stop="shop:stop")
    desk.meanwhile(lambda: kill(signal.SIGTERM))
    assert Worker(desk.assignment).run() == 0
    assert "worker.stop_hook_failed" in caplog.text
    assert "shop:stop is away" in caplog.text


def test_worker_of_a_template_imports_nothing(make_desk) -> None:
    desk = make_desk(missing)
    imported = Imported(hello, lambda: None, lambda: None, lambda: None)
    desk.assignment = dataclasses.replace(desk.assignment, imported=imported)
    answers = []

    def steps() -> None:
        answers.append(desk.ask())
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert answers[0].endswith(b"hello")


# Warming up


def test_worker_asks_itself_before_it_is_ready(make_desk) -> None:
    asked = []

    def application(environ, start_response):
        asked.append(environ["PATH_INFO"])
        return hello(environ, start_response)

    desk = make_desk(lambda: application, warmup_path="/warm")

    def steps() -> None:
        asked.append("ready")
        kill(signal.SIGTERM)

    desk.meanwhile(steps)
    assert Worker(desk.assignment).run() == 0
    assert asked == ["/warm", "ready"]


def test_worker_whose_first_request_fails_is_told_to_the_master(make_desk) -> None:
    def application(environ, start_response):
        raise RuntimeError("no database")

    desk = make_desk(lambda: application, warmup_path="/warm")
    assert Worker(desk.assignment).run() == BOOT_FAILED_STATUS
    message = desk.word()
    assert message.word == b"F"
    assert message.text.startswith("warmup_path '/warm' was answered with 'HTTP/1.1 500 ")
