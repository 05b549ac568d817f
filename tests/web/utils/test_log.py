"""utils/log.py."""

import logging
import logging.config

import pytest

from penstock.telemetry.writing.handler import RecordHandler
from penstock.web.core import mail
from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.utils import log


@pytest.fixture
def records():
    """What penstock.web.request logs."""
    seen = []
    handler = logging.Handler()
    handler.emit = seen.append
    logger = logging.getLogger("penstock.web.request")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield seen
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture
def restored():
    """Loggers of the framework as they were before."""
    names = ("penstock.web", "penstock.web.server")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.parametrize(("status", "level"), [(200, "INFO"), (404, "WARNING"), (500, "ERROR")])
def test_a_response_is_logged_once_at_the_level_of_its_status(status, level, records):
    response, request = HttpResponse(status=status), object()
    for _ in range(2):
        log.log_response("%s", "x", response=response, request=request)
    assert [(each.levelname, each.status_code, each.request) for each in records] == [
        (level, status, request)
    ]


def test_a_level_may_be_given(records):
    log.log_response("x", response=HttpResponse(status=500), level="info")
    assert records[0].levelname == "INFO"


def test_text_of_a_client_cannot_break_the_line(records):
    log.log_response("%s: %s", "Not Found", "/a\n[fake] record\x1b[2Jé", response=HttpResponse(status=404))
    assert records[0].getMessage() == "Not Found: /a\\n[fake] record\\x1b[2J\\xe9"


def test_other_arguments_are_left_alone(records):
    log.log_response("%d", 5, response=HttpResponse(status=404))
    assert records[0].getMessage() == "5"


def test_nothing_is_worked_out_for_a_logger_that_is_off(records):
    logging.getLogger("penstock.web.request").setLevel(logging.CRITICAL)
    response = HttpResponse(status=404)
    log.log_response("%s", "x", response=response)
    assert (records, response._has_been_logged) == ([], True)


@pytest.mark.usefixtures("restored")
def test_the_projects_logging_is_laid_over_the_frameworks(override):
    called = []
    logging.config.tests_own_function = called.append
    try:
        log.configure_logging("logging.config.tests_own_function", {"version": 1})
        log.configure_logging("logging.config.tests_own_function", {})
        log.configure_logging(None, {"version": 2})
    finally:
        del logging.config.tests_own_function
    assert called == [{"version": 1}]
    assert len(logging.getLogger("penstock.web").handlers) == 2


@pytest.mark.parametrize(
    ("log_filter", "debug", "passes"),
    [
        (log.RequireDebugFalse(), True, False),
        (log.RequireDebugFalse(), False, True),
        (log.RequireDebugTrue(), True, True),
        (log.RequireDebugTrue(), False, False),
        (log.CallbackFilter(lambda record: record.levelno > 20), False, True),
        (log.CallbackFilter(lambda record: record.levelno > 40), False, False),
    ],
)
def test_filters_decide_by_debug_or_by_a_function(log_filter, debug, passes, override):
    override(DEBUG=debug)
    assert log_filter.filter(logging.makeLogRecord({"levelno": 30})) is passes


def test_the_servers_formatter_knows_the_time():
    formatter = log.ServerFormatter("[{server_time}] {message}", style="{")
    assert formatter.format(logging.makeLogRecord({"msg": "x", "server_time": "now"})) == "[now] x"
    assert "/" in formatter.format(logging.makeLogRecord({"msg": "x"}))
    assert log.ServerFormatter("{message}", style="{").format(logging.makeLogRecord({"msg": "x"})) == "x"


class Reporter:
    """Stands for DEFAULT_EXCEPTION_REPORTER."""

    def __init__(self, request, kind, error, trace, is_email):
        self.told = f"{kind and kind.__name__} {error} {is_email}"

    def get_traceback_text(self):
        return f"text of {self.told}"

    def get_traceback_html(self):
        return f"page of {self.told}"


@pytest.fixture
def admins(override):
    override(
        ADMINS=[("A", "a@example.org")],
        EMAIL_BACKEND="penstock.web.core.mail.backends.locmem.EmailBackend",
        INTERNAL_IPS=["10.0.0.1"],
    )
    mail.outbox = []
    return mail


def emit(handler, **fields):
    handler.emit(logging.makeLogRecord({"levelname": "ERROR", "msg": "it\nfails", **fields}))


def mailer(monkeypatch, **options):
    handler = log.AdminEmailHandler(**options)
    handler.reporter_class = Reporter
    return handler


def test_admins_get_a_record_by_mail(admins, monkeypatch):
    error = ValueError("bad")
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/")
    emit(mailer(monkeypatch), exc_info=(ValueError, error, None), request=request)
    message = admins.outbox[0]
    assert message.subject == "[Penstock] ERROR (internal IP): it\\nfails"
    assert message.body == "it\nfails\n\ntext of ValueError bad True"
    assert message.alternatives == []


def test_admins_get_the_page_if_asked_and_see_strangers(admins, monkeypatch):
    emit(mailer(monkeypatch, include_html=True), request=RequestFactory(REMOTE_ADDR="1.2.3.4").get("/"))
    assert "(EXTERNAL IP)" in admins.outbox[0].subject
    assert admins.outbox[0].alternatives == [("page of None it\nfails True", "text/html")]


def test_nothing_is_reported_where_there_are_no_admins(admins, override, monkeypatch):
    override(ADMINS=[])
    emit(mailer(monkeypatch))
    assert admins.outbox == []


def test_the_reporter_is_found_when_it_is_needed(override):
    override(DEFAULT_EXCEPTION_REPORTER=f"{Reporter.__module__}.Reporter")
    assert log.AdminEmailHandler(reporter_class="json.JSONDecoder").reporter_class.__name__ == "JSONDecoder"
    assert log.AdminEmailHandler().reporter_class.__name__ == "Reporter"


def test_console_is_quiet_where_the_error_log_of_penstock_serve_has_the_record(capsys, override, restored):
    override(DEBUG=True)
    log.configure_logging("logging.config.dictConfig", {})
    logger = logging.getLogger("penstock.web.request")
    logger.warning("to the console")
    served = RecordHandler(None, level=logging.CRITICAL + 1)
    logging.root.addHandler(served)
    try:
        logger.warning("to the error log")
    finally:
        logging.root.removeHandler(served)
    assert capsys.readouterr().err == "to the console\n"
