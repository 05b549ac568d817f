import contextlib
import io
import tempfile
from collections.abc import Iterator
from typing import Any

import h11
import pytest
from tests.wsgi.applications import FAILURE, TEXT, Ask, exc_info_of, is_quiet, returning, stream, with_length

from penstock.config import TelemetryConfig, WSGIConfig
from penstock.protocol import Framing, finish_response_head, parse_response_head
from penstock.telemetry import Outcome
from penstock.wsgi import Exchange, Gateway, call_application, stream_response

# Streams


def test_generator_is_sent_item_by_item_in_chunks(ask: Ask) -> None:
    answer = ask(returning(stream([b"one", b"", b"two"])))
    assert answer.is_streamed
    assert b"Transfer-Encoding: chunked" in answer.head
    assert [piece.rpartition(b"\r\n\r\n")[2] for piece in answer.sink.sent[:1]] == [b"3\r\none\r\n"]
    assert answer.sink.sent[1:] == [b"3\r\ntwo\r\n", b"0\r\n\r\n"]
    assert answer.body == b"onetwo"
    assert answer.exchange.keep_alive
    assert answer.exchange.output == []


def test_generator_with_a_length_is_sent_as_it_is(ask: Ask) -> None:
    answer = ask(returning(stream([b"one", b"two"]), with_length(6)))
    assert answer.after_head == b"onetwo"
    assert answer.exchange.framing is Framing.LENGTH
    assert answer.exchange.keep_alive


def test_empty_generator_is_an_empty_body(ask: Ask) -> None:
    answer = ask(returning(stream([])))
    assert b"Content-Length: 0" in answer.head
    assert answer.body == b""


def test_stream_to_an_old_client_ends_with_the_connection(ask: Ask) -> None:
    answer = ask(returning(stream([b"one", b"two"])), version="HTTP/1.0", keep_alive=True)
    assert b"chunked" not in answer.head
    assert answer.after_head == b"onetwo"
    assert answer.exchange.framing is Framing.CLOSE
    assert not answer.exchange.keep_alive


def test_old_client_that_asks_for_it_keeps_the_connection_with_a_length(ask: Ask) -> None:
    answer = ask(returning([b"hello"]), version="HTTP/1.0", keep_alive=True)
    assert b"Connection: keep-alive" in answer.head
    assert answer.exchange.keep_alive


def test_connection_that_is_drained_is_closed_and_says_so(ask: Ask) -> None:
    answer = ask(returning([b"hello"]), keep_alive=False)
    assert b"Connection: close" in answer.head
    assert not answer.exchange.keep_alive


def test_large_piece_is_not_copied_behind_the_head(ask: Ask) -> None:
    large = b"x" * 100_000
    answer = ask(returning(stream([large]), with_length(len(large))))
    assert answer.sink.sent[1] is large


def test_generator_may_start_the_response_before_its_first_byte(ask: Ask) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", TEXT)
        yield b"hello"

    assert ask(application).body == b"hello"


def test_empty_items_do_not_send_the_head(ask: Ask) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b""
        start_response("503 Later", TEXT, exc_info_of(ValueError("late")))
        yield b"sorry"

    answer = ask(application)
    assert answer.head.startswith(b"HTTP/1.1 503 Later")
    assert answer.body == b"sorry"


# Lengths


@pytest.mark.parametrize("shape", [list, stream], ids=["list", "generator"])
def test_body_shorter_than_its_length_closes_and_is_logged(
    ask: Ask, caplog: pytest.LogCaptureFixture, shape: Any
) -> None:
    answer = ask(returning(shape([b"12345"]), with_length(10)), target="/short")
    assert answer.exchange.outcome is Outcome.TRUNCATED
    assert not answer.exchange.keep_alive
    with pytest.raises(h11.RemoteProtocolError, match="without sending complete message body"):
        _ = answer.body
    request_id = answer.exchange.request_id
    assert caplog.messages == [
        f"response.truncated request={request_id} method=GET target='/short' sent_bytes=5 content_length=10"
    ]


def test_short_body_that_is_known_to_be_short_says_that_it_closes(ask: Ask) -> None:
    assert b"Connection: close" in ask(returning([b"12345"], with_length(10))).head


@pytest.mark.parametrize("shape", [list, stream], ids=["list", "generator"])
def test_body_longer_than_its_length_is_cut_and_logged(
    ask: Ask, caplog: pytest.LogCaptureFixture, shape: Any
) -> None:
    answer = ask(returning(shape([b"123", b"45"]), with_length(4)))
    assert answer.body == b"1234"
    assert answer.exchange.outcome is Outcome.SURPLUS
    assert not answer.exchange.keep_alive
    assert answer.exchange.sent_bytes == 4
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("response.surplus ")
    assert caplog.messages[0].endswith(" cut_bytes=1")


def test_item_wholly_beyond_the_length_is_not_sent_and_ends_the_iteration(ask: Ask) -> None:
    asked_for = []

    def body() -> Iterator[bytes]:
        for item in (b"1234", b"5", b"6"):
            asked_for.append(item)
            yield item

    answer = ask(returning(body(), with_length(4)))
    assert answer.body == b"1234"
    assert asked_for == [b"1234", b"5"]
    assert answer.exchange.outcome is Outcome.SURPLUS


# exc_info


def replacing(calls_before: list[bytes]) -> Any:
    """Make an application that writes, fails, and starts the response again."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        for data in calls_before:
            write(data)
        start_response("503 Sorry", TEXT, exc_info_of(ValueError("too late")))
        return [b"sorry"]

    return application


def test_exc_info_before_output_replaces_the_headers(ask: Ask) -> None:
    answer = ask(replacing([b""]))
    assert answer.head.startswith(b"HTTP/1.1 503 Sorry")
    assert answer.body == b"sorry"


def test_exc_info_after_output_raises_the_error_again(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(replacing([b"half"]))
    assert answer.head.startswith(b"HTTP/1.1 200 OK")
    assert answer.exchange.outcome is Outcome.FAILED
    assert "ValueError: too late" in caplog.text


def test_exc_info_without_an_error_after_output_is_a_failure(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"half")
        start_response("503 Sorry", TEXT, (None, None, None))
        return []

    answer = ask(application)
    assert answer.exchange.outcome is Outcome.FAILED
    assert "expected an exception in exc_info" in caplog.text


def test_start_response_twice_without_exc_info_is_a_failure(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        start_response("200 OK", TEXT)
        return [b"x"]

    assert ask(application).body == FAILURE
    assert "start_response called twice; expected exc_info with the second call" in caplog.text


# What start_response returns: write


def writing(pieces: list[bytes], result: Any = (), headers: Any = TEXT) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", headers)
        for piece in pieces:
            write(piece)
        return result

    return application


@pytest.mark.parametrize(
    "result", [pytest.param([b"c"], id="list"), pytest.param(stream([b"c"]), id="generator")]
)
def test_what_is_written_comes_before_what_is_returned(ask: Ask, result: Any) -> None:
    answer = ask(writing([b"a", b"", b"b"], result))
    assert answer.is_streamed
    assert answer.body == b"abc"
    assert answer.exchange.sent_bytes == 3
    assert answer.exchange.keep_alive


def test_what_is_written_is_sent_at_once(exchange: Any) -> None:
    seen: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"now")
        seen.append(len(one.sink.sent))
        return []

    one = exchange()
    assert not call_application(application, one)
    stream_response(one)
    assert seen == [1]


def test_write_with_a_length_is_counted(ask: Ask) -> None:
    answer = ask(writing([b"ab"], [b"cd"], with_length(4)))
    assert answer.body == b"abcd"
    assert answer.exchange.outcome is Outcome.COMPLETE


def test_write_beyond_the_length_is_cut_and_raises(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(writing([b"abc", b"de"], [], with_length(4)))
    assert answer.body == b"abcd"
    assert answer.exchange.outcome is Outcome.SURPLUS
    assert not answer.exchange.keep_alive
    assert "write() beyond Content-Length" in caplog.text


def test_write_of_text_is_a_failure(ask: Ask) -> None:
    assert ask(writing(["text"])).body == FAILURE  # type: ignore[list-item]


def test_write_to_a_head_request_is_dropped(ask: Ask) -> None:
    answer = ask(writing([b"a", b"b"], [b"c"]), method="HEAD")
    assert answer.after_head == b""
    assert answer.exchange.outcome is Outcome.COMPLETE


def test_write_after_the_end_is_refused(exchange: Any) -> None:
    kept = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        kept.append(start_response("200 OK", TEXT))
        return [b"x"]

    assert call_application(application, exchange())
    with pytest.raises(Exception, match=r"write\(\) after the response ended"):
        kept[0](b"late")


def test_failure_after_write_leaves_a_broken_message(ask: Ask) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"half")
        raise ValueError

    answer = ask(application)
    assert answer.is_streamed
    assert not answer.wire.endswith(b"0\r\n\r\n")
    assert answer.exchange.outcome is Outcome.FAILED
    assert not answer.exchange.keep_alive


# wsgi.file_wrapper


@pytest.fixture(name="file")
def _file() -> Iterator[Any]:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.seek(0)
        yield file


def wrapping(file: Any, headers: Any = TEXT, status: str = "200 OK") -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return environ["wsgi.file_wrapper"](file, 4)

    return application


def test_file_is_sent_by_the_kernel_with_its_length(ask: Ask, file: Any) -> None:
    answer = ask(wrapping(file))
    assert answer.sink.files == [(0, 10)]
    assert b"Content-Length: 10" in answer.head
    assert answer.body == b"0123456789"
    assert answer.exchange.sent_bytes == 10
    assert answer.exchange.keep_alive
    assert file.closed


def test_file_is_sent_from_its_position(ask: Ask, file: Any) -> None:
    file.seek(4)
    assert ask(wrapping(file)).body == b"456789"


def test_file_is_sent_up_to_the_length_that_was_said(ask: Ask, file: Any) -> None:
    file.seek(2)
    answer = ask(wrapping(file, with_length(3), "206 Partial Content"))
    assert answer.body == b"234"
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive


def test_file_shorter_than_the_length_that_was_said_closes(
    ask: Ask, file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(wrapping(file, with_length(20)))
    assert answer.after_head == b"0123456789"
    assert answer.exchange.outcome is Outcome.TRUNCATED
    assert not answer.exchange.keep_alive
    assert caplog.messages[0].endswith("sent_bytes=10 content_length=20")


def test_file_is_not_sent_to_a_head_request(ask: Ask, file: Any) -> None:
    answer = ask(wrapping(file), method="HEAD")
    assert b"Content-Length: 10" in answer.head
    assert answer.sink.files == []
    assert file.closed


def test_file_in_memory_is_read_in_blocks(ask: Ask) -> None:
    answer = ask(wrapping(io.BytesIO(b"0123456789")))
    assert answer.sink.files == []
    assert answer.body == b"0123456789"


def test_file_after_write_is_read(ask: Ask, file: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)(b"head:")
        return environ["wsgi.file_wrapper"](file)

    assert ask(application).body == b"head:0123456789"


def test_file_whose_client_goes_away_is_closed_without_noise(
    ask: Ask, sink: Any, file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(wrapping(file), sink=sink(1))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert file.closed
    assert is_quiet(caplog)


def test_file_without_start_response_is_answered_with_500(ask: Ask, file: Any) -> None:
    assert ask(lambda environ, start_response: environ["wsgi.file_wrapper"](file)).body == FAILURE
    assert file.closed


# wsgi.early_hints


HINTS = [("Link", "</style.css>; rel=preload; as=style")]


def hinting(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    environ["wsgi.early_hints"](HINTS)
    start_response("200 OK", TEXT)
    return [b"hello"]


def test_early_hints_are_sent_before_the_response(ask: Ask) -> None:
    answer = ask(hinting)
    assert answer.sink.sent == [
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
    ]
    assert not answer.is_streamed
    assert answer.body == b"hello"


def test_early_hints_are_not_offered_to_old_clients(ask: Ask) -> None:
    assert ask(hinting, version="HTTP/1.0").body == FAILURE


def test_early_hints_after_output_are_dropped(ask: Ask) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"out")
        environ["wsgi.early_hints"](HINTS)
        return []

    answer = ask(application)
    assert b" 103 " not in answer.wire
    assert answer.body == b"out"


def test_early_hints_that_cannot_be_sent_are_refused(ask: Ask) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.early_hints"]([("Link", "a\r\n\r\n")])
        return []

    assert ask(application).body == FAILURE


def test_client_that_goes_away_at_early_hints_is_no_noise(
    ask: Ask, sink: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(hinting, sink=sink(0))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert answer.wire == b""
    assert is_quiet(caplog)


# The object


def test_exchange_has_few_enough_attributes_to_need_no_dict_of_its_own() -> None:
    assert len(Exchange.__annotations__) <= 30


@pytest.mark.parametrize("is_asked", [True, False])
def test_request_id_is_returned_when_asked_for(ask: Ask, is_asked: bool) -> None:
    answer = ask(returning([b"x"]), config=WSGIConfig(request_id_response=is_asked))
    line = b"\r\nX-Request-ID: " + answer.exchange.request_id.encode()
    assert (line in answer.head) is is_asked
    assert answer.body == b"x"


@pytest.mark.parametrize("is_asked", [True, False])
def test_trace_is_returned_when_asked_for(ask: Ask, is_asked: bool) -> None:
    gateway = Gateway(WSGIConfig(), telemetry=TelemetryConfig(trace_response=is_asked))
    answer = ask(returning([b"x"]), gateway=gateway)
    line = b"\r\ntraceresponse: " + answer.exchange.trace.context().traceparent.encode()
    assert (line in answer.head) is is_asked
    assert b"X-Request-ID" not in answer.head
    assert answer.body == b"x"


# What else a sink and a log may do


def test_client_that_goes_away_during_write_is_noticed(ask: Ask, sink: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", with_length(9))
        with contextlib.suppress(Exception):
            write(b"1")
        return [b"2"]

    answer = ask(application, sink=sink(0))
    assert answer.exchange.outcome is Outcome.PEER_GONE
    assert not answer.exchange.keep_alive


@pytest.mark.parametrize("length", [1, 9], ids=["surplus", "truncated"])
def test_disowned_answer_of_the_wrong_length_is_no_news(
    ask: Ask, caplog: pytest.LogCaptureFixture, length: int
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", with_length(length))
        start_response.__self__.outcome = Outcome.TIMED_OUT  # as the loop does, from its own thread
        return [b"late"]

    answer = ask(application)
    assert answer.exchange.outcome is Outcome.TIMED_OUT
    assert not answer.exchange.keep_alive
    assert is_quiet(caplog)


@pytest.mark.parametrize("headers", [TEXT, with_length(0)], ids=["long-way", "short-way"])
def test_date_is_renewed_when_it_has_expired(ask: Ask, headers: Any) -> None:
    gateway = Gateway(WSGIConfig())
    gateway.tables.date.line = gateway.tables.plain_end = b"Date: yesterday\r\n\r\n"
    assert b"yesterday" not in ask(returning([b""], headers), gateway=gateway).wire


def test_date_is_the_same_for_all_answers_of_a_second(ask: Ask) -> None:
    gateway = Gateway(WSGIConfig())
    gateway.tables.renew(0)
    gateway.tables.date.expires_ns = 1 << 62
    line = b"\r\n" + gateway.tables.date.line
    assert line in ask(returning([b""], with_length(0)), gateway=gateway).wire
    assert line in ask(returning([b""]), gateway=gateway).wire


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep", "close"])
@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "304 Not Modified", "404 Not Found"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("Content-Length", "5")], id="length"),
        pytest.param([("Content-Length", "5"), ("Date", "today")], id="date"),
        pytest.param([("Content-Length", "5"), ("Server", "mine")], id="server"),
    ],
)
def test_short_way_and_long_way_to_a_head_agree(
    *, ask: Ask, method: str, version: str, keep_alive: bool, status: str, headers: Any
) -> None:
    gateway = Gateway(WSGIConfig())
    gateway.tables.renew(0)
    gateway.tables.date.expires_ns = 1 << 62
    request: dict[str, Any] = {"method": method, "version": version, "keep_alive": keep_alive}
    answer = ask(returning([b"12345"], headers, status), gateway=gateway, **request)
    head, framing, is_kept = finish_response_head(
        parse_response_head(status, headers, gateway.tables.lines),
        body_length=5,
        date_line=gateway.tables.date.line,
        **request,
    )
    assert answer.wire == head + (b"" if framing is Framing.NONE else b"12345")
    assert answer.exchange.framing is framing
    assert answer.exchange.keep_alive is is_kept


@pytest.mark.parametrize("shape", [list, stream], ids=["list", "generator"])
def test_head_request_gets_no_body_whatever_its_length_says(ask: Ask, shape: Any) -> None:
    answer = ask(returning(shape([b"12", b"34"]), with_length(9)), method="HEAD")
    assert answer.body == b""
    assert b"Content-Length: 9" in answer.head
    assert answer.exchange.outcome is Outcome.COMPLETE
    assert answer.exchange.keep_alive
