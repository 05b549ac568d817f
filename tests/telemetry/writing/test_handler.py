import asyncio
import contextvars
import logging
import os
import sys
import threading
import warnings

import pytest

from penstock.telemetry.records.record import LOG
from penstock.telemetry.records.ring import RingReader
from penstock.telemetry.traces.trace import RequestTrace
from penstock.telemetry.writing.handler import RecordHandler, route_logging
from penstock.telemetry.writing.recorder import Recorder

SLOT = 1


class Said:
    """One entry, decoded."""

    def __init__(self, row, text):
        self.level = row[5]
        parts = []
        for length in row[6:11]:
            parts.append(text[:length].decode())
            text = text[length:]
        self.logger, self.request_id, self.thread, self.message, self.trace = parts


@pytest.fixture
def recorder(segment):
    return Recorder(segment, SLOT, wait=lambda _: None)


@pytest.fixture
def said(segment):
    reader = RingReader(segment, segment.layout.log_ring(SLOT), LOG)

    def read() -> list[Said]:
        batch = reader.take(1000)
        if batch is None:
            return []
        segment.words[reader.tail_word] = batch.tail
        begin = batch.rows[0][1]
        return [Said(row, batch.text[row[1] - begin : row[2] - begin]) for row in batch.rows]

    return read


@pytest.fixture
def logger(recorder):
    made = logging.Logger("shop.orders")  # noqa: LOG001 - one that is not kept for other tests
    made.addHandler(RecordHandler(recorder))
    return made


@pytest.fixture
def routed(recorder):
    """The whole process's logging goes to the recorder; afterwards everything is as before."""
    root = logging.getLogger()
    before = root.handlers[:], sys.excepthook, threading.excepthook
    yield route_logging(recorder)
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook, threading.excepthook = before


def test_a_message_goes_into_the_ring_with_its_parts(logger, said):
    logger.warning("order %d of %s", 5, "Ann")
    (entry,) = said()
    assert (entry.level, entry.logger, entry.message) == (30, "shop.orders", "order 5 of Ann")
    assert entry.thread == threading.current_thread().name


def test_a_traceback_goes_along(logger, said):
    try:
        {}["x"]
    except KeyError:
        logger.exception("failed")
    (entry,) = said()
    assert entry.trace.startswith("Traceback (most recent call last):")
    assert entry.trace.endswith("KeyError: 'x'")


def test_a_stack_goes_along_if_asked_for(logger, said):
    logger.info("here", stack_info=True)
    assert said()[0].trace.startswith("Stack (most recent call last):")


def test_a_traceback_formatted_elsewhere_goes_along(logger, said):
    record = logger.makeRecord("shop", 40, "", 0, "m", (), None)
    record.exc_text = "formatted before"
    logger.handle(record)
    assert said()[0].trace == "formatted before"


def test_a_formatter_of_the_operator_is_obeyed(recorder, said):
    handler = RecordHandler(recorder)
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    logger = logging.Logger("shop")  # noqa: LOG001 - one that is not kept for other tests
    logger.addHandler(handler)
    try:
        {}["x"]
    except KeyError:
        logger.exception("m")
    (entry,) = said()
    assert entry.message.startswith("[ERROR] m\nTraceback")
    assert entry.trace == ""


def test_wrong_arguments_of_a_log_call_are_said_and_not_raised(logger, said):
    logger.info("%d orders", "many")
    assert said()[0].message.startswith("'%d orders' could not be formatted: TypeError")


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError


def fail():
    raise HostileError


def test_an_exception_that_cannot_be_shown_does_not_raise(logger, said):
    try:
        fail()
    except HostileError:
        logger.exception("m")
    assert said()[0].message == "m"


def test_an_exception_info_that_is_none_does_not_raise(logger, said):
    record = logger.makeRecord("shop", 40, "", 0, "m", (), None)
    record.exc_info = (1, 2, 3)
    logger.handle(record)
    assert said()[0].trace.startswith("traceback could not be formatted")


def test_a_filter_may_refuse(logger, said):
    logger.handlers[0].addFilter(lambda record: "secret" not in record.getMessage())
    logger.info("secret")
    logger.info("public")
    assert [entry.message for entry in said()] == ["public"]


def test_a_filter_may_give_another_record(recorder, said):
    class Replacing(RecordHandler):
        def filter(self, record):
            return logging.makeLogRecord({"msg": "another", "levelno": 20})

    assert Replacing(recorder).handle(logging.makeLogRecord({"msg": "one"}))
    assert said()[0].message == "another"


# Whose request


def in_request(recorder, request_id, function):
    """Run as the server runs an application: inside a context of its own."""

    def serve():
        trace = RequestTrace()
        trace.own_id = request_id
        recorder.enter(0, 5, b"GET / HTTP/1.1", request_id, trace)
        try:
            return function()
        finally:
            recorder.leave(0)

    return contextvars.copy_context().run(serve)


def test_what_a_request_logs_carries_its_id(recorder, logger, said):
    in_request(recorder, "id-7", lambda: logger.info("m"))
    logger.info("outside")
    assert [entry.request_id for entry in said()] == ["id-7", ""]


def test_an_asynchronous_view_carries_the_id_into_its_threads(recorder, logger, said):
    async def view():
        logger.info("coroutine")
        await asyncio.to_thread(logger.info, "thread")

    in_request(recorder, "id-8", lambda: asyncio.run(view()))
    assert [entry.request_id for entry in said()] == ["id-8", "id-8"]


def test_a_thread_that_the_application_starts_has_no_request(recorder, logger, said):
    thread = threading.Thread(target=logger.info, args=("background",), name="cleaner")

    def view():
        thread.start()
        thread.join()

    in_request(recorder, "id-9", view)
    assert [(entry.request_id, entry.thread) for entry in said()] == [("", "cleaner")]


def test_a_caller_may_name_the_request(logger, said):
    logger.info("m", extra={"request_id": "id-3"})
    logger.info("m", extra={"request_id": 3})
    assert [entry.request_id for entry in said()] == ["id-3", ""]


def test_the_servers_own_loggers_name_their_request_or_have_none(recorder, said):
    server = logging.Logger("penstock.server")  # noqa: LOG001 - one that is not kept for other tests
    server.addHandler(RecordHandler(recorder))
    in_request(recorder, "id-1", lambda: server.info("between requests"))
    server.info("about one", extra={"request_id": "id-2"})
    assert [entry.request_id for entry in said()] == ["", "id-2"]


# The whole process


def test_all_logging_of_the_process_is_routed(routed, said):
    logging.getLogger("anything").error("m")
    assert said()[0].logger == "anything"


def test_a_handler_of_another_recorder_leaves(routed, recorder):
    route_logging(recorder)
    handlers = [handler for handler in logging.getLogger().handlers if isinstance(handler, RecordHandler)]
    assert len(handlers) == 1
    assert handlers[0] is not routed


def test_warnings_are_logged(routed, said):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old habit", UserWarning, stacklevel=1)
    entries = said()
    assert [entry.logger for entry in entries] == ["py.warnings"]
    assert "old habit" in entries[0].message
    assert not entries[0].message.endswith("\n")


def test_an_uncaught_exception_of_a_thread_is_logged(routed, said):
    def lose():
        raise KeyError("lost")

    thread = threading.Thread(target=lose, name="cleaner")
    thread.start()
    thread.join()
    (entry,) = said()
    assert entry.message == "uncaught exception in thread cleaner"
    assert entry.trace.endswith("KeyError: 'lost'")


def test_an_uncaught_exception_of_a_thread_that_is_gone_is_logged(routed, said):
    threading.excepthook(threading.ExceptHookArgs((KeyError, None, None, None)))
    assert said()[0].message == "uncaught exception in thread of a thread that is gone"


def test_an_uncaught_exception_of_the_process_is_logged(routed, said):
    sys.excepthook(KeyError, KeyError("x"), None)
    (entry,) = said()
    assert (entry.level, entry.logger, entry.trace) == (50, "penstock.uncaught", "KeyError: 'x'")


# Another process


def test_a_forked_child_says_it_on_standard_error(logger, said, capfd):
    pid = os.fork()
    if pid == 0:
        try:
            logger.error("from the child")
            sys.stderr.flush()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert f"ERROR [pid {pid}] shop.orders: from the child" in capfd.readouterr().err
    assert said() == []


def test_a_child_without_standard_error_does_not_fail(recorder, monkeypatch):
    recorder._disown()
    monkeypatch.setattr(sys, "stderr", None)
    assert RecordHandler(recorder).handle(logging.makeLogRecord({"msg": "m"}))
