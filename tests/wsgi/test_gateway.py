import contextlib
import gc
import io
import logging
import tempfile
import weakref
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wsgi.applications import FAILURE, TEXT, Ask, exc_info_of, is_quiet, returning, stream, with_length

from penstock.config import TelemetryConfig, WSGIConfig
from penstock.telemetry import Outcome
from penstock.telemetry.traces.trace import SAMPLED
from penstock.wsgi import Gateway, RequestTimeout, call_application, end_interrupted, stream_response

# Complete answers


@pytest.mark.parametrize(
    "result",
    [
        pytest.param([b"hello"], id="one-item-list"),
        pytest.param((b"hello",), id="tuple"),
        pytest.param([b"", b"hel", b"", b"lo"], id="several-items"),
        pytest.param(type("Items", (list,), {})([b"hello"]), id="list-subclass"),
    ],
)
def test_answer_that_is_all_there_is_complete_with_its_length(ask: Ask, result: Any) -> None:
    answer = ask(returning(result))
    assert not answer.is_streamed
    assert answer.body == b"hello"
    assert b"Content-Length: 5" in answer.head
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive
    assert answer.exchange.sent_bytes == 5
    assert answer.exchange.status_code == 200


def test_object_that_iterates_over_a_list_is_complete_and_closed(ask: Ask, closeable: Any) -> None:
    response = closeable([b"hel", b"lo"])  # the shape of a Django HttpResponse
    answer = ask(returning(response))
    assert not answer.is_streamed
    assert answer.body == b"hello"
    assert response.closed_count == 1


def test_empty_list_is_an_empty_body(ask: Ask) -> None:
    answer = ask(returning([]))
    assert answer.body == b""
    assert b"Content-Length: 0" in answer.head


def test_small_answer_is_one_piece_and_a_large_one_is_not_copied(ask: Ask) -> None:
    large = b"x" * 100_000
    assert len(ask(returning([b"small"])).exchange.output) == 1
    assert ask(returning([large])).exchange.output[1] is large


def test_answer_is_timed(ask: Ask) -> None:
    exchange = ask(returning([b"hello"])).exchange
    assert 0 < exchange.response_ns <= exchange.end_ns
    exchange = ask(returning(stream([b"a", b"b"]))).exchange
    assert 0 < exchange.response_ns <= exchange.end_ns


def test_answer_carries_date_and_server(ask: Ask) -> None:
    head = ask(returning([b""])).head
    assert b"\r\nDate: " in head
    assert b"\r\nServer: penstock" in head


def test_reason_phrase_is_the_applications(ask: Ask) -> None:
    assert ask(returning([b""], status="404 Nobody Home")).head.startswith(b"HTTP/1.1 404 Nobody Home\r\n")


# No body


@pytest.mark.parametrize("shape", [list, stream], ids=["list", "generator"])
@pytest.mark.parametrize(
    ("method", "status"),
    [
        pytest.param("HEAD", "200 OK", id="HEAD"),
        pytest.param("GET", "204 No Content", id="204"),
        pytest.param("GET", "304 Not Modified", id="304"),
    ],
)
def test_body_that_may_not_be_sent_is_dropped_and_closed(
    *, ask: Ask, closeable: Any, caplog: pytest.LogCaptureFixture, method: str, status: str, shape: Any
) -> None:
    result = closeable(shape([b"12", b"34"]))
    answer = ask(returning(result, status=status), method=method)
    assert answer.after_head == b""
    assert answer.body == b""
    assert answer.exchange.sent_bytes == 0
    assert answer.exchange.keep_alive
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert result.closed_count == 1
    assert is_quiet(caplog)


def test_head_request_keeps_the_length_of_the_body_it_would_have(ask: Ask) -> None:
    answer = ask(returning([], with_length(7)), method="HEAD")
    assert b"Content-Length: 7" in answer.head
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive


def test_head_request_to_a_generator_takes_one_item_only(ask: Ask) -> None:
    source = iter([b"1", b"2", b"3"])
    ask(returning(stream(source)), method="HEAD")
    assert list(source) == [b"2", b"3"]


def test_failure_page_has_no_body_for_head(ask: Ask) -> None:
    answer = ask(None, method="HEAD")
    assert answer.head.startswith(b"HTTP/1.1 500 ")
    assert answer.after_head == b""


# Failures


def raising(error: BaseException) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", with_length(3))
        raise error

    return application


@pytest.mark.parametrize(
    "error",
    [
        ValueError("in the view"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        MemoryError(),
        RecursionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_application_that_raises_is_answered_with_500_and_logged(
    ask: Ask, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    answer = ask(raising(error), target="/view?x=1")
    assert not answer.is_streamed
    assert answer.head.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert answer.body == FAILURE
    assert answer.exchange.status_code == 500
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("penstock.wsgi", logging.ERROR)
    assert record.getMessage() == (
        f"application.failed request={answer.exchange.request_id} method=GET target='/view'"
    )
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize(
    ("result", "message"),
    [
        pytest.param(None, "application returned NoneType; expected an iterable of bytes", id="None"),
        pytest.param("text", "application returned str; expected an iterable of bytes", id="str"),
        pytest.param(b"bytes", "application returned bytes; expected an iterable of bytes", id="bytes"),
        pytest.param(7, "'int' object is not iterable", id="not-iterable"),
        pytest.param(["text"], "response body item of type str; expected bytes", id="str-item"),
        pytest.param([""], "response body item of type str; expected bytes", id="empty-str-item"),
        pytest.param([b"a", 7], "response body item of type int; expected bytes", id="int-item"),
        pytest.param(
            [bytearray(b"a"), b"b"], "response body item of type bytearray; expected bytes", id="bytearray"
        ),
        pytest.param(stream(["text"]), "response body item of type str; expected bytes", id="generated-str"),
        pytest.param(
            stream([None]), "response body item of type NoneType; expected bytes", id="generated-None"
        ),
    ],
)
def test_result_that_is_no_iterable_of_bytes_is_answered_with_500(
    ask: Ask, caplog: pytest.LogCaptureFixture, result: Any, message: str
) -> None:
    answer = ask(returning(result))
    assert answer.body == FAILURE
    assert caplog.records[0].exc_info is not None
    assert str(caplog.records[0].exc_info[1]) == message


def test_bytes_subclass_is_bytes(ask: Ask) -> None:
    class Safe(bytes):
        __slots__ = ()

    assert ask(returning([Safe(b"hello")])).body == b"hello"
    assert ask(returning(stream([Safe(b"hello")]))).body == b"hello"


@pytest.mark.parametrize(
    "result",
    [
        pytest.param([b"x"], id="list"),
        pytest.param(stream([b"x"]), id="generator"),
        pytest.param(stream([]), id="empty"),
    ],
)
def test_application_that_never_starts_the_response_is_answered_with_500(
    ask: Ask, caplog: pytest.LogCaptureFixture, result: Any
) -> None:
    answer = ask(lambda environ, start_response: result)
    assert answer.body == FAILURE
    assert "start_response was not called" in caplog.text


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param("200 OK", [("X-Evil", "a\r\nSet-Cookie: b=c")], id="header-splitting"),
        pytest.param("200 OK", [("X-Evil", "\u010a")], id="beyond-latin-1"),
        pytest.param("200 OK", [("Transfer-Encoding", "chunked")], id="transfer-encoding"),
        pytest.param("200 OK", [("Connection", "close")], id="hop-by-hop"),
        pytest.param("200 OK", [("Content-Length", "+5")], id="length"),
        pytest.param("200 OK", [("X Y", "z")], id="name"),
        pytest.param("200 OK", [("X", 5)], id="value-no-str"),
        pytest.param("200 OK", None, id="no-headers"),
        pytest.param(200, TEXT, id="status-no-str"),
        pytest.param("99 Low", TEXT, id="status-low"),
        pytest.param("100 Continue", TEXT, id="informational"),
        pytest.param("200 OK\r\nX: y", TEXT, id="status-splitting"),
    ],
)
def test_head_that_cannot_be_sent_is_answered_with_500(
    ask: Ask, caplog: pytest.LogCaptureFixture, status: Any, headers: Any
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return [b"never"]

    answer = ask(application)
    assert answer.body == FAILURE
    assert b"Evil" not in answer.wire
    assert "BadResponseError" in caplog.text


def test_generator_that_fails_before_its_first_byte_is_answered_with_500(ask: Ask) -> None:
    def body() -> Iterator[bytes]:
        yield b""
        raise ValueError

    answer = ask(returning(body()))
    assert answer.is_streamed
    assert answer.body == FAILURE
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive


@pytest.mark.parametrize("headers", [TEXT, with_length(9)], ids=["chunked", "length"])
def test_generator_that_fails_half_way_leaves_a_broken_message(
    ask: Ask, caplog: pytest.LogCaptureFixture, headers: Any
) -> None:
    def body() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("half way")

    answer = ask(returning(body(), headers))
    assert b"half" in answer.wire
    with pytest.raises(h11.RemoteProtocolError):
        _ = answer.body
    assert answer.exchange.outcome is Outcome.FAILED
    assert not answer.exchange.keep_alive
    assert [record.getMessage().split()[0] for record in caplog.records] == ["application.failed"]


def test_wrong_item_after_output_leaves_a_broken_message(ask: Ask) -> None:
    answer = ask(returning(stream([b"half", "text"])))
    assert not answer.wire.endswith(b"0\r\n\r\n")
    assert answer.exchange.outcome is Outcome.FAILED


def test_log_handler_that_fails_does_not_change_the_answer(ask: Ask) -> None:
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise OSError("disk full")

    logger = logging.getLogger("penstock.wsgi")
    broken = Broken()
    logger.addFilter(broken)
    try:
        assert ask(raising(ValueError())).body == FAILURE
        assert ask(returning([b"123"], with_length(2))).body == b"12"
    finally:
        logger.removeFilter(broken)


# The end of the iterable: close


def failing_items(*, at: int) -> Iterator[bytes]:
    for index in range(3):
        if index == at:
            raise ValueError
        yield b"x"


@pytest.mark.parametrize(
    ("items", "headers", "patience"),
    [
        pytest.param([b"x"], TEXT, None, id="complete"),
        pytest.param(stream([b"x"]), TEXT, None, id="streamed"),
        pytest.param(stream([b"x"]), with_length(5), None, id="truncated"),
        pytest.param(stream([b"xxx", b"x"]), with_length(2), None, id="surplus"),
        pytest.param(failing_items(at=0), TEXT, None, id="failed-before-output"),
        pytest.param(failing_items(at=1), TEXT, None, id="failed-after-output"),
        pytest.param(["text"], TEXT, None, id="wrong-item"),
        pytest.param(None, TEXT, None, id="iter-fails"),
        pytest.param(stream([b"x", b"y"]), TEXT, 1, id="peer-gone"),
    ],
)
def test_close_is_called_exactly_once_whatever_happens(
    *, ask: Ask, sink: Any, closeable: Any, items: Any, headers: Any, patience: int | None
) -> None:
    result = closeable(items)
    ask(returning(result, headers), sink=sink(patience))
    assert result.closed_count == 1


def test_close_is_called_when_the_response_was_never_started(ask: Ask, closeable: Any) -> None:
    result = closeable([b"x"])
    ask(lambda environ, start_response: result)
    assert result.closed_count == 1


@pytest.mark.parametrize("shape", [list, stream], ids=["complete", "streamed"])
@pytest.mark.parametrize("error", [ValueError(), SystemExit()], ids=["ValueError", "SystemExit"])
def test_close_that_fails_is_logged_and_the_answer_stands(
    ask: Ask, closeable: Any, caplog: pytest.LogCaptureFixture, shape: Any, error: BaseException
) -> None:
    answer = ask(returning(closeable(shape([b"hello"]), error=error)))
    assert answer.body == b"hello"
    assert answer.exchange.keep_alive
    assert [record.getMessage().split()[0] for record in caplog.records] == ["application.close_failed"]


# The client goes away


@pytest.mark.parametrize("patience", [0, 1, 2])
def test_client_that_goes_away_ends_the_iteration_without_noise(
    ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture, patience: int
) -> None:
    source = iter([b"1", b"2", b"3", b"4"])
    answer = ask(returning(stream(source)), sink=sink(patience))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert not answer.exchange.keep_alive
    assert len(list(source)) == 3 - patience
    assert is_quiet(caplog)


def test_client_that_goes_away_before_the_last_chunk_is_noticed(
    ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(returning(stream([b"1"])), sink=sink(1))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert is_quiet(caplog)


@pytest.mark.parametrize("swallows", [True, False], ids=["application-goes-on", "application-fails"])
def test_client_that_goes_away_during_write_is_told_to_the_application_only(
    ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture, swallows: bool
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", with_length(9))
        with contextlib.suppress(Exception if swallows else ()):
            write(b"1")
        return [b"2"]

    answer = ask(application, sink=sink(0))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert not answer.exchange.keep_alive
    assert is_quiet(caplog)


def test_client_that_goes_away_before_the_failure_page_is_no_noise(
    ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(returning(failing_items(at=0)), sink=sink(0))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert len(caplog.records) == 1  # the application's own failure


def test_disowned_exchange_stays_timed_out(ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        start_response.__self__.outcome = Outcome.TIMED_OUT  # as the loop does, from its own thread
        return stream([b"late"])

    answer = ask(application, sink=sink(0))
    assert answer.exchange.outcome is Outcome.TIMED_OUT
    assert not answer.exchange.keep_alive
    assert is_quiet(caplog)


# Exchanges


def test_request_id_stands_in_exchange_and_environ(exchange: Any) -> None:
    one = exchange()
    assert one.environ["penstock.request_id"] == one.request_id


def test_request_id_of_a_trusted_proxy_is_kept(exchange: Any) -> None:
    forwarded: dict[str, Any] = {"fields": {"HTTP_X_REQUEST_ID": "from-proxy"}, "has_forwarding": True}
    assert exchange(is_trusted=True, **forwarded).request_id == "from-proxy"
    assert exchange(**forwarded).request_id != "from-proxy"


def test_each_exchange_has_a_trace_of_its_own_id(exchange: Any) -> None:
    one, other = exchange(), exchange()
    assert one.trace.request_id == one.trace.own_id == one.request_id
    assert one.trace.context().trace_id != other.trace.context().trace_id


def test_trace_of_a_trusted_proxy_s_request_knows_both_ids(exchange: Any) -> None:
    one = exchange(is_trusted=True, fields={"HTTP_X_REQUEST_ID": "from-proxy"})
    assert one.trace.request_id == one.trace.believed_id == "from-proxy"
    assert one.trace.own_id not in ("", "from-proxy")


def test_traceparent_names_the_caller(exchange: Any) -> None:
    one = exchange(fields={"HTTP_TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert one.trace.context().trace_id == "a" * 32
    assert one.trace.caller.span_id == "b" * 16


@pytest.mark.parametrize(("part", "marks"), [(0.0, 0), (1.0, SAMPLED)])
def test_the_configured_part_is_sampled(exchange: Any, part: float, marks: int) -> None:
    gateway = Gateway(WSGIConfig(), telemetry=TelemetryConfig(trace_sample=part))
    assert exchange(gateway=gateway).trace.marks == marks


def test_configured_environ_names_the_server_s_span(exchange: Any) -> None:
    one = exchange(gateway=Gateway(WSGIConfig(), telemetry=TelemetryConfig(trace_environ=True)))
    assert one.environ["HTTP_TRACEPARENT"] == one.trace.context().traceparent


def test_peer_is_the_client_as_far_as_it_can_be_believed(exchange: Any) -> None:
    forwarded: dict[str, Any] = {"fields": {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "has_forwarding": True}
    assert exchange(is_trusted=True, **forwarded).peer == "203.0.113.9"
    assert exchange(**forwarded).peer == "192.0.2.7"


def test_exchange_knows_its_request(exchange: Any) -> None:
    one = exchange(body=b"12345", method="POST", line=b"POST / HTTP/1.1")
    assert (one.received_bytes, one.line) == (5, b"POST / HTTP/1.1")


@pytest.mark.parametrize("result", [[b"x"], stream([b"x"])], ids=["complete", "streamed"])
def test_answered_exchange_is_freed_without_the_collector(exchange: Any, result: Any) -> None:
    one = exchange()
    gc.disable()
    try:
        if not call_application(returning(result), one):
            stream_response(one)
        gone = weakref.ref(one)
        del one
        assert gone() is None
    finally:
        gc.enable()


# wsgi.file_wrapper


@pytest.mark.parametrize("is_real", [True, False], ids=["file", "memory"])
def test_wrapped_file_is_sent_by_the_kernel_or_read(ask: Ask, is_real: bool) -> None:
    with tempfile.TemporaryFile() if is_real else io.BytesIO() as file:
        file.write(b"0123456789")
        file.seek(2)
        answer = ask(lambda environ, _: wrapping(environ, _, file))
        assert answer.is_streamed
        assert answer.sink.files == ([(2, 8)] if is_real else [])
        assert answer.body == b"23456789"
        assert file.closed


def wrapping(environ: dict[str, Any], start_response: Any, file: Any) -> Any:
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](file, 4)


# As wsgiref sees it


def writing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)(b"o")
    return [b"ne"]


def replacing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    start_response("503 Sorry", TEXT, exc_info_of(ValueError("too late")))
    return [b"one"]


def reading(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read(100)
    start_response("200 OK", [*TEXT, ("Content-Length", str(len(body)))])
    return [body]


def generating(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"on"
    yield b"e"


def logging_errors(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    environ["wsgi.errors"].write("one\n")
    environ["wsgi.errors"].writelines(["two\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"one"]


@pytest.mark.parametrize(
    "application",
    [
        pytest.param(returning([b"one"]), id="list"),
        pytest.param(generating, id="generator"),
        pytest.param(writing, id="write"),
        pytest.param(replacing, id="exc_info"),
        pytest.param(reading, id="input"),
        pytest.param(logging_errors, id="errors"),
        pytest.param(returning([], status="204 No Content", headers=[]), id="no-content"),
    ],
)
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="GET"),
        pytest.param({"method": "HEAD"}, id="HEAD"),
        pytest.param({"method": "POST", "body": b"one"}, id="POST"),
        pytest.param(
            {"method": "POST", "body": b"one", "chunked": True, "content_length": None}, id="chunked"
        ),
        pytest.param({"version": "HTTP/1.0"}, id="HTTP/1.0"),
    ],
)
def test_validator_of_the_standard_library_has_no_complaint(
    ask: Ask, application: Any, request_: dict[str, Any]
) -> None:
    answer = ask(validator(application), **request_)
    assert b" 500 " not in answer.head
    assert answer.exchange.outcome is Outcome.COMPLETE


# Whatever an application does


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it makes, and keeps nothing
@given(
    items=st.lists(st.binary(max_size=6), max_size=5),
    length=st.none() | st.integers(min_value=0, max_value=20),
    fails_at=st.none() | st.integers(min_value=0, max_value=5),
    version=st.sampled_from(["HTTP/1.1", "HTTP/1.0"]),
    method=st.sampled_from(["GET", "HEAD"]),
    shape=st.sampled_from([list, tuple, stream]),
)
def test_kept_connection_means_a_message_that_a_strict_client_finds_exact(
    *, exchange: Any, items: Any, length: Any, fails_at: Any, version: str, method: str, shape: Any
) -> None:
    def failing() -> Iterator[bytes]:
        yield from items[:fails_at]
        raise ValueError

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT if length is None else with_length(length))
        return shape(items) if fails_at is None else failing()

    one = exchange(version=version, method=method)
    if not call_application(application, one):
        stream_response(one)
    wire = b"".join([*one.sink.sent, *one.output])
    if one.keep_alive:
        assert _is_exact(wire, method)
    if one.outcome is Outcome.COMPLETE and one.status_code == 200 and method == "GET":
        assert one.sent_bytes == sum(map(len, items))


def _is_exact(wire: bytes, method: str) -> bool:
    """Whether the answer ends where a client that goes on with the connection would end it."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "test")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            return False
    return client.trailing_data == (b"", False)


# Interruptions: an exception from another thread may come between any two calls


class Interrupting:
    """An iterable whose n-th look at it is interrupted, as by PyThreadState_SetAsyncExc."""

    def __init__(self, when: str) -> None:
        self._when = when
        self.closed_count = 0

    def __iter__(self):
        self._maybe("iter")
        yield b"one"
        self._maybe("next")
        yield b"two"

    def __getattribute__(self, name: str):
        if name == "close":
            object.__getattribute__(self, "_maybe")("look")
        return object.__getattribute__(self, name)

    def close(self) -> None:
        self.closed_count += 1
        self._maybe("close")

    def _maybe(self, moment: str) -> None:
        if self._when == moment:
            self._when = "never again"
            raise RequestTimeout


@pytest.mark.parametrize("moment", ["iter", "next", "look", "close"])
def test_close_is_called_once_whenever_the_interruption_comes(ask: Ask, moment: str) -> None:
    result = Interrupting(moment)
    exchange = ask(returning(result)).exchange
    assert result.closed_count == 1
    assert exchange.end_ns


def test_exchange_interrupted_in_our_own_code_is_closed_and_says_no_more(ask: Ask, closeable: Any) -> None:
    answer = ask(returning(closeable(iter([b"x"]))))
    exchange = answer.exchange
    exchange.end_ns, result = 0, closeable([b"y"])
    exchange.iterable = result
    end_interrupted(exchange)
    assert (result.closed_count, exchange.iterable, exchange.keep_alive) == (1, None, False)
    assert exchange.output == []
    assert exchange.end_ns
