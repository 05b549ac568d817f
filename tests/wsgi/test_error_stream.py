import logging
import threading
from collections.abc import Iterator

import pytest

from penstock.wsgi.error_stream import ErrorStream


@pytest.fixture(name="errors")
def _errors() -> ErrorStream:
    return ErrorStream()


def test_error_stream_makes_one_record_of_a_line_in_pieces(
    errors: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    print("disk", 7, "full", file=errors)  # type: ignore[call-overload]
    assert caplog.record_tuples == [("penstock.wsgi.errors", logging.ERROR, "disk 7 full")]


def test_error_stream_keeps_a_traceback_in_one_record(
    errors: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    assert errors.write("Traceback:\n  line\nValueError\n") == 29
    assert caplog.messages == ["Traceback:\n  line\nValueError"]


def test_error_stream_waits_for_the_end_of_a_line_or_flush(
    errors: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    errors.write("half")
    assert caplog.messages == []
    errors.flush()
    errors.flush()
    assert caplog.messages == ["half"]


def test_error_stream_writes_lines(errors: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    errors.writelines(["one\n", "two\nth", "ree\n"])
    assert caplog.messages == ["one", "two", "three"]


def test_error_stream_says_nothing_of_blank_lines(
    errors: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    errors.write("\n \n")
    assert caplog.messages == []


def test_error_stream_does_not_gather_an_endless_line(
    errors: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(9):
        errors.write("x" * 1000)
    assert caplog.messages == ["x" * 9000]


def test_error_stream_keeps_threads_apart(errors: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    errors.write("mine ")
    other = threading.Thread(target=errors.write, args=("other\n",))
    other.start()
    other.join()
    errors.write("too\n")
    assert caplog.messages == ["other", "mine too"]


def test_error_stream_refuses_bytes(errors: ErrorStream) -> None:
    with pytest.raises(TypeError, match=r"write to wsgi\.errors of bytes; expected str"):
        errors.write(b"bytes\n")  # type: ignore[arg-type]


class WritingHandler(logging.Handler):
    """A handler that logs to wsgi.errors, as Flask sets one up."""

    def __init__(self, errors: ErrorStream) -> None:
        super().__init__()
        self.errors = errors
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.errors.write(record.getMessage() + "\n")


@pytest.fixture(name="handler")
def _handler(errors: ErrorStream) -> Iterator[WritingHandler]:
    handler = WritingHandler(errors)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_error_stream_that_a_log_handler_writes_to_does_not_go_round(
    errors: ErrorStream, handler: WritingHandler
) -> None:
    errors.write("once\n")
    assert handler.count == 1
