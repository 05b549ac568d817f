"""Late requests in a whole worker: what clients are told, what is recorded, what becomes of the threads."""

import logging
import threading
import time

import pytest

from penstock.server.worker.phase import Phase
from penstock.telemetry import Outcome
from penstock.wsgi import RequestTimeout

S = 1_000_000_000
PATIENCE_S = 20.0


class Spinner:
    """An application that computes for ever, and remembers how that ended."""

    def __init__(self, *, pieces: int = 0) -> None:
        self._pieces = pieces
        self.ended_with: BaseException | None = None
        self.has_ended = threading.Event()

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        if self._pieces:
            return self.stream()
        return self.spin()

    def stream(self):
        yield b"begun"
        self.spin()

    def spin(self):
        try:
            while True:
                pass
        except BaseException as error:
            self.ended_with = error
            raise
        finally:
            self.has_ended.set()


def events(caplog, name: str) -> list[str]:
    """Return the messages of an event."""
    return [message for message in caplog.messages if message.startswith(f"{name} ")]


# Near the deadline


@pytest.mark.parametrize("is_inline", [False, True], ids=["pool", "inline"])
def test_request_near_its_deadline_is_said_once_with_its_stack_and_answered(serve, caplog, is_inline) -> None:
    rig = serve(request_timeout_s=60)
    rig.reception.slow_after_ns = S // 5  # instead of 80 %: from then on we have a minute
    gate = rig.gate("/slow")
    if is_inline:
        rig.make_inline("/slow")
    client = rig.connect()
    client.ask("/slow?card=4711")
    gate.wait_arrival()
    rig.wait_until(lambda: events(caplog, "request.slow"))
    gate.open()
    assert client.answer().status == 200
    (said,) = events(caplog, "request.slow")
    first_line, *stack = said.splitlines()
    assert "line='GET /slow HTTP/1.1' age_s=" in first_line
    lane = "inline" if is_inline else "pool"
    assert first_line.endswith(f"limit_s=60.0 thread={rig.wait_accesses(1)[0].thread} lane={lane}")
    assert any("gate.wait()" in line for line in stack)
    assert events(caplog, "request.timed_out") == []


# Beyond it


def test_thread_that_computes_is_interrupted_and_had_back(serve) -> None:
    spinner = Spinner()
    rig = serve(spinner, request_timeout_s=0.1)
    client = rig.connect()
    client.ask()
    assert client.answer().status == 504
    assert spinner.has_ended.wait(PATIENCE_S)
    assert isinstance(spinner.ended_with, RequestTimeout)
    (access,) = rig.wait_accesses(1)
    assert (access.status, access.outcome) == (504, Outcome.TIMED_OUT)
    assert rig.recorder.answered_threads == rig.recorder.interrupted_threads == [access.thread]
    client.close()
    rig.wait_empty()
    assert len(rig.recorder.accesses) == 1


def test_threads_that_were_interrupted_go_on_serving(serve) -> None:
    rig = serve(Spinner(), request_timeout_s=0.1, threads=1)
    for _ in range(3):
        assert rig.connect().get().status == 504
    rig.wait_until(lambda: rig.loop.is_quiet)
    assert rig.loop.lost == set()
    assert not any(guard.is_armed for guard in rig.loop.pool.guards)


def test_stream_that_computes_between_its_pieces_is_cut_and_its_generator_closed(serve) -> None:
    spinner = Spinner(pieces=1)
    rig = serve(spinner, request_timeout_s=0.5)
    client = rig.connect()
    client.ask()
    answer = client.answer()
    assert (answer.body, answer.is_whole) == (b"begun", False)
    assert spinner.has_ended.wait(PATIENCE_S)
    rig.wait_empty()
    assert [access.outcome for access in rig.recorder.accesses] == [Outcome.TIMED_OUT]


def test_thread_is_left_alone_where_the_operator_wants_no_interruption(serve) -> None:
    rig = serve(request_timeout_s=0.1, timeout_interrupt="never")
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    assert client.answer().status == 504
    gate.open()
    client.close()
    rig.wait_empty()
    assert rig.recorder.interrupted_threads == []


@pytest.mark.parametrize("is_inline", [False, True], ids=["pool", "inline"])
def test_request_whose_client_has_gone_is_interrupted_at_its_deadline_all_the_same(
    serve, caplog, is_inline
) -> None:
    spinner = Spinner()
    rig = serve(spinner, request_timeout_s=1.0)
    if is_inline:
        rig.make_inline()
    client = rig.connect()
    client.ask()
    rig.wait_until(lambda: rig.recorder.inside)
    client.reset()
    rig.wait_until(lambda: not rig.reception.connections)
    assert spinner.has_ended.wait(PATIENCE_S)
    assert isinstance(spinner.ended_with, RequestTimeout)
    assert [access.outcome for access in rig.wait_accesses(1)] == [Outcome.TIMED_OUT]
    assert len(events(caplog, "request.timed_out")) == 1
    rig.wait_empty()
    assert rig.loop.lost == set()


def test_worker_that_drains_does_not_wait_for_a_blocked_request_that_nobody_waits_for(serve) -> None:
    rig = serve(request_timeout_s=0.3, request_grace_s=0.3)
    gate = rig.gate("/slow")  # stays closed until the test has ended
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    client.reset()
    rig.wait_until(lambda: not rig.reception.connections)
    rig.on_loop(rig.reception.drain)
    rig.watcher.join(PATIENCE_S)
    assert rig.loop.is_stopped


def test_answer_that_is_on_its_way_at_the_deadline_is_no_late_one(serve) -> None:
    rig = serve(request_timeout_s=0.1)
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    connection = rig.the_connection()

    def pass_deadline_just_then() -> None:
        gate.open()
        while not connection._exchange.end_ns:
            time.sleep(0)
        connection._exchange.start_ns -= S
        connection.deadline_ns = 0
        connection.on_deadline()

    rig.on_loop(pass_deadline_just_then)
    assert client.answer().status == 200


def test_log_handler_that_is_interrupted_costs_its_request_and_not_the_thread(serve) -> None:
    class Interrupted(logging.Handler):
        def emit(self, record):
            raise RequestTimeout

    def application(environ, start_response):
        raise ValueError

    rig = serve(application, threads=1)
    handler = Interrupted()
    logging.getLogger("penstock.wsgi").addHandler(handler)
    for _ in range(2):
        client = rig.connect()
        client.ask()
        assert client.rest() == b""
    logging.getLogger("penstock.wsgi").removeHandler(handler)
    assert rig.connect().get().status == 500
    assert [access.outcome for access in rig.wait_accesses(3)] == [
        Outcome.TIMED_OUT,
        Outcome.TIMED_OUT,
        Outcome.COMPLETE,
    ]


def test_shape_of_a_late_inline_request_goes_back_to_the_pool(serve) -> None:
    rig = serve(request_timeout_s=0.1)
    gate = rig.gate("/slow")
    rig.make_inline("/slow")
    client = rig.connect()
    client.ask("/slow")
    assert client.answer().status == 504
    assert not rig.on_loop(lambda: rig.loop.lanes.choose("GET", "/slow").is_inline)
    gate.open()


# Lost threads


def test_worker_that_drains_waits_for_a_late_thread_no_longer_than_its_grace(serve) -> None:
    rig = serve(request_timeout_s=0.1, request_grace_s=0.5, timeout_interrupt="never")
    rig.gate("/slow")  # stays closed until the test has ended
    client = rig.connect()
    client.ask("/slow")
    assert client.answer().status == 504
    client.close()
    rig.on_loop(rig.reception.drain)
    rig.watcher.join(PATIENCE_S)
    assert rig.loop.is_stopped
    assert len(rig.loop.lost) == 1


def test_thread_that_comes_back_after_its_grace_is_no_longer_lost(serve) -> None:
    rig = serve(request_timeout_s=0.1, request_grace_s=0.1, timeout_interrupt="never")
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    assert client.answer().status == 504
    rig.wait_until(lambda: rig.loop.lost)
    gate.open()
    rig.wait_until(lambda: not rig.loop.lost)
    rig.wait_until(lambda: len(rig.loop.pool.slots) == 2)


# More time


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_time_that_is_none_is_refused(serve, seconds) -> None:
    rig = serve()
    connection_of = rig.connect()
    connection_of.get()
    with pytest.raises(ValueError, match=r"extend_deadline\(.*\); expected a positive number of seconds"):
        rig.the_connection().extend_deadline(seconds)


def test_request_that_asks_for_more_time_has_it_and_the_master_knows(serve) -> None:
    asked = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            environ["penstock.extend_deadline"](600)
            environ["penstock.extend_deadline"](1)  # never shortens
            asked.set()
            gate.wait()
        start_response("200 OK", [])
        return [b"done"]

    rig = serve(application, request_timeout_s=0.2)
    gate = rig.gate("/none")
    client = rig.connect()
    client.ask("/slow")
    assert asked.wait(PATIENCE_S)
    connection = rig.the_connection()
    rig.wait_until(lambda: time.monotonic_ns() - connection._exchange.start_ns > S)
    (deadline_ns,) = set(rig.recorder.extended.values())
    assert 590 * S < deadline_ns - time.monotonic_ns() <= 600 * S
    gate.open()
    assert client.answer().body == b"done"


def test_time_asked_for_after_the_deadline_changes_nothing(serve) -> None:
    asked = threading.Event()

    def application(environ, start_response):
        gate.wait()
        environ["penstock.extend_deadline"](600)
        asked.set()
        return []

    rig = serve(application, request_timeout_s=0.1, timeout_interrupt="never")
    gate = rig.gate("/none")
    client = rig.connect()
    client.ask()
    assert client.answer().status == 504
    gate.open()
    assert asked.wait(PATIENCE_S)
    assert rig.recorder.extended == {}


def test_closed_connection_keeps_nothing_that_leads_back_to_it(serve) -> None:
    rig = serve()
    client = rig.connect()
    client.get()
    connection = rig.the_connection()
    client.close()
    rig.wait_empty()
    assert "penstock.extend_deadline" not in connection._template


# A client that takes its time


def test_time_in_which_the_thread_waits_for_its_client_is_not_the_applications(serve) -> None:
    piece, count = bytes(100_000), 80

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(piece) * count))])
        return (piece for _ in range(count))

    rig = serve(application, request_timeout_s=0.5, max_response_spool_bytes=500_000, write_timeout_s=30.0)
    client = rig.connect(receive_buffer_bytes=65536)
    client.ask()
    connection = rig.the_connection()
    rig.wait_until(lambda: connection._flow is not None and connection._flow.is_waiting)
    rig.wait_until(lambda: time.monotonic_ns() - connection._exchange.start_ns > 2 * S)
    answer = client.answer()
    assert (len(answer.body), answer.is_whole) == (len(piece) * count, True)
    assert [access.outcome for access in rig.wait_accesses(1)] == [Outcome.COMPLETE]
    assert rig.recorder.extended


# In the queue


def queue_one(rig, path: str = "/waiting"):
    """Occupy the only thread and queue a request; returns the gate, who waits, and its connection."""
    gate = rig.gate("/slow")
    busy, waiting = rig.connect(), rig.connect()
    busy.ask("/slow")
    gate.wait_arrival()
    waiting.ask(path)
    rig.wait_until(lambda: rig.loop.pool.jobs or rig.loop.waiting_inline)
    (connection,) = [
        c for c in rig.reception.connections if c._exchange is not None and not c._exchange.start_ns
    ]
    return gate, waiting, connection


@pytest.mark.parametrize("is_inline", [False, True], ids=["pool", "inline"])
def test_request_that_waits_too_long_is_turned_away_and_never_runs(serve, caplog, is_inline) -> None:
    calls = []

    def application(environ, start_response):
        calls.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return []

    rig = serve(application, threads=1, max_queue_wait_ms=300)
    if is_inline:
        rig.make_inline("/waiting")
    gate, waiting, _ = queue_one(rig)
    answer = waiting.answer()
    assert (answer.status, answer.field("Connection"), answer.field("Retry-After")) == (503, "close", "1")
    (refusal,) = rig.recorder.refusals
    assert (refusal.status, refusal.line) == (503, b"GET /waiting HTTP/1.1")
    assert refusal.reason.startswith("waited 0.")
    assert events(caplog, "worker.overloaded")
    gate.open()
    rig.wait_until(lambda: rig.loop.is_quiet)
    assert calls == ["/slow"]


def test_overload_is_said_once_a_second_and_not_for_each_request(serve, caplog) -> None:
    rig = serve()
    for wait_s in range(5):
        rig.reception.say_overloaded(10 * S + wait_s, 1.0)
    rig.reception.say_overloaded(11 * S, 1.0)
    assert len(events(caplog, "worker.overloaded")) == 2


def test_request_without_a_limit_waits_as_long_as_it_takes(serve) -> None:
    rig = serve(threads=1, max_queue_wait_ms=0)
    gate, waiting, connection = queue_one(rig)
    rig.expire(connection)
    gate.open()
    assert waiting.answer().status == 200


@pytest.mark.parametrize("is_inline", [False, True], ids=["pool", "inline"])
def test_queued_request_whose_client_was_reset_is_skipped_at_once(serve, is_inline) -> None:
    rig = serve(threads=1)
    if is_inline:
        rig.make_inline("/waiting")
    gate, waiting, _ = queue_one(rig)
    waiting.reset()
    (access,) = rig.wait_accesses(1)
    assert (access.status, access.outcome) == (499, Outcome.PEER_GONE)
    assert not rig.loop.pool.jobs
    assert not rig.loop.waiting_inline
    gate.open()


def test_queued_request_whose_client_has_ended_is_skipped_after_a_moment(serve) -> None:
    rig = serve(threads=1)
    gate, waiting, _ = queue_one(rig)
    waiting.half_close()
    (access,) = rig.wait_accesses(1)
    assert (access.status, access.outcome) == (499, Outcome.PEER_GONE)
    assert waiting.rest() == b""
    gate.open()


def test_client_that_has_ended_and_is_served_soon_has_its_answer(serve) -> None:
    rig = serve(threads=1)
    gate, waiting, connection = queue_one(rig)
    waiting.half_close()
    rig.wait_until(lambda: connection.has_peer_ended)
    gate.open()
    assert waiting.answer().status == 200


def test_client_that_has_ended_is_not_taken_for_gone_while_its_request_runs(serve) -> None:
    rig = serve()
    gate = rig.gate("/slow")
    client = rig.connect()
    client.ask("/slow")
    gate.wait_arrival()
    client.half_close()
    connection = rig.wait_phase(Phase.BUSY)
    rig.wait_until(lambda: connection.has_peer_ended)
    rig.wait_until(lambda: time.monotonic_ns() - connection._exchange.body_ns > 3 * S // 2)
    gate.open()
    assert client.answer().status == 200
