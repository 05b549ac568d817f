"""Exceptions raised in other threads: where they may come, and that they never come later."""

import threading
import time
import types

import pytest

from penstock.server.worker import interrupt
from penstock.server.worker.interrupt import Guard
from penstock.wsgi import RequestTimeout

PATIENCE_S = 10.0


class Caller(threading.Thread):
    """A thread that runs one call as an application and keeps what came out of it."""

    def __init__(self, call) -> None:
        super().__init__(daemon=True)
        self.call = call
        self.guard = Guard()
        self.exchange = types.SimpleNamespace(start_ns=0, end_ns=0)
        self.begun = threading.Event()
        self.outcome = None

    def run(self) -> None:
        self.guard.ident = threading.get_ident()
        self.exchange.start_ns = 1
        self.begun.set()
        try:
            self.outcome = self.call()
        except RequestTimeout as error:
            self.outcome = error
        self.exchange.end_ns = 1

    def interrupt(self) -> bool:
        return self.guard.interrupt(self.exchange)

    def wait(self):
        self.join(PATIENCE_S)
        assert not self.is_alive()
        return self.outcome


def begin(call) -> Caller:
    caller = Caller(call)
    caller.start()
    assert caller.begun.wait(PATIENCE_S)
    return caller


def spin():
    while True:
        pass


def test_thread_that_spins_in_python_is_interrupted() -> None:
    caller = begin(spin)
    assert caller.interrupt()
    assert isinstance(caller.wait(), RequestTimeout)


def test_thread_that_waits_is_interrupted_when_the_wait_is_over_and_not_before() -> None:
    lock = threading.Lock()
    lock.acquire()
    caller = begin(lock.acquire)
    assert caller.interrupt()
    caller.join(0.05)
    assert caller.is_alive()
    lock.release()
    assert isinstance(caller.wait(), RequestTimeout)


def test_code_that_retries_after_every_exception_does_not_keep_the_thread() -> None:
    def stubborn():
        while True:
            try:
                spin()
            except Exception:  # noqa: BLE001 - what such code looks like
                continue

    caller = begin(stubborn)
    caller.interrupt()
    assert isinstance(caller.wait(), RequestTimeout)


def test_finally_runs_in_a_thread_that_is_interrupted() -> None:
    cleaned = []

    def careful():
        try:
            spin()
        finally:
            cleaned.append(True)

    caller = begin(careful)
    caller.interrupt()
    caller.wait()
    assert cleaned == [True]


@pytest.mark.parametrize(
    ("start_ns", "end_ns"), [pytest.param(0, 0, id="not-begun"), pytest.param(1, 1, id="ended")]
)
def test_thread_outside_the_application_is_left_alone(start_ns, end_ns) -> None:
    guard = Guard(threading.get_ident())
    exchange = types.SimpleNamespace(start_ns=start_ns, end_ns=end_ns)
    assert not guard.interrupt(exchange)
    guard.leave()
    assert not guard.is_armed


def test_thread_that_is_no_more_cannot_be_interrupted() -> None:
    caller = begin(lambda: None)
    caller.wait()
    caller.exchange.end_ns = 0
    assert not caller.interrupt()


def test_exception_says_what_happened() -> None:
    assert str(RequestTimeout()) == "the request has exceeded its deadline and was answered with 504"


def test_exception_sent_as_the_application_ends_is_caught_on_the_border(monkeypatch) -> None:
    """The interrupter has looked and not sent yet; meanwhile the thread is done and about to leave."""
    sending, leaving = threading.Event(), threading.Event()
    send = interrupt._set_asynchronous
    later = []

    def send_late(ident, error):
        if error is RequestTimeout:
            sending.set()
            assert leaving.wait(PATIENCE_S)
        return send(ident, error)

    def call():
        assert sending.wait(PATIENCE_S)
        caller.exchange.end_ns = 1
        leaving.set()
        try:
            caller.guard.leave()
        except RequestTimeout:
            caller.guard.leave()
        later.extend(time.monotonic_ns() for _ in range(1000))

    monkeypatch.setattr(interrupt, "_set_asynchronous", send_late)
    caller = begin(call)
    assert caller.interrupt()
    assert caller.wait() is None
    assert len(later) == 1000


def test_no_exception_comes_after_the_thread_has_left() -> None:
    """Hundreds of exchanges, each interrupted about when it ends: none may be hit by another's exception."""
    current, caught, stray, guard = [], [], [], Guard()

    def serve():
        guard.ident = threading.get_ident()
        for number in range(300):
            exchange = types.SimpleNamespace(start_ns=1, end_ns=0)
            try:
                current[:] = [exchange]
                time.sleep(number % 3 * 1e-5)  # lets the interrupter in
                exchange.end_ns = 1
                if guard.is_armed:
                    guard.leave()
            except RequestTimeout:
                caught.append(number)
                exchange.end_ns = 1
                guard.leave()
            try:
                time.sleep(0)
            except RequestTimeout:
                stray.append(number)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    sent, last = 0, None
    while thread.is_alive():
        exchange = current[0] if current else None
        if exchange is not last and exchange is not None:
            sent += guard.interrupt(exchange)
            last = exchange
        time.sleep(0)
    assert stray == []
    assert 0 < len(caught) <= sent
