"""Where the framework's records go, and how a response gets its one record.

In:     a settings module's LOGGING; responses with status 400 and above.
Out:    configured loggers; one record per response on `penstock.web.request`.
Never:  lets a client break a line: what it sent is escaped before it is written.

Rules:  Django's defaults under our logger names: to the console while DEBUG is on, else errors to ADMINS.
        The console is left out where the server's error log is the console.
"""

import logging
import logging.config
from collections.abc import Callable
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.utils.functional import cached_property
from penstock.web.utils.module_loading import import_string

ROOT: Final = "penstock.web"

request_logger: Final = logging.getLogger(f"{ROOT}.request")

_IN_DEBUG: Final = "require_debug_true"
_IN_PRODUCTION: Final = "require_debug_false"
_WITHOUT_SERVER: Final = "require_no_server_log"

DEFAULT_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        _IN_PRODUCTION: {"()": f"{ROOT}.utils.log.RequireDebugFalse"},
        _IN_DEBUG: {"()": f"{ROOT}.utils.log.RequireDebugTrue"},
        _WITHOUT_SERVER: {"()": f"{ROOT}.utils.log.RequireNoServerLog"},
    },
    "formatters": {
        f"{ROOT}.server": {
            "()": f"{ROOT}.utils.log.ServerFormatter",
            "style": "{",
            "format": "[{server_time}] {message}",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "level": "INFO",
            "filters": [_IN_DEBUG, _WITHOUT_SERVER],
        },
        f"{ROOT}.server": {
            "class": "logging.StreamHandler",
            "level": "INFO",
            "formatter": f"{ROOT}.server",
        },
        "mail_admins": {
            "class": f"{ROOT}.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "filters": [_IN_PRODUCTION],
        },
    },
    "loggers": {
        ROOT: {"handlers": ["console", "mail_admins"], "level": "INFO"},
        f"{ROOT}.server": {"handlers": [f"{ROOT}.server"], "level": "INFO", "propagate": False},
    },
}


def configure_logging(logging_config: str | None, logging_settings: Any) -> None:
    """Configure the framework's loggers, then the project's over them.

    Args:
        logging_config: dotted path of the function that takes LOGGING; empty or None leaves logging alone.
        logging_settings: LOGGING; empty keeps the defaults.
    """
    if not logging_config:
        return
    configure: Callable[[Any], None] = import_string(logging_config)
    logging.config.dictConfig(DEFAULT_LOGGING)
    if logging_settings:
        configure(logging_settings)


class CallbackFilter(logging.Filter):
    """Lets a record through if a function of it says so."""

    def __init__(self, callback: Callable[[logging.LogRecord], Any]) -> None:
        super().__init__()
        self.callback = callback

    def filter(self, record: logging.LogRecord) -> bool:
        """Ask the function."""
        return bool(self.callback(record))


class RequireDebugFalse(logging.Filter):
    """Lets records through while DEBUG is off."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of logging.Filter
        """Look at DEBUG, not at the record."""
        return not settings.DEBUG


class RequireDebugTrue(logging.Filter):
    """Lets records through while DEBUG is on."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of logging.Filter
        """Look at DEBUG, not at the record."""
        return bool(settings.DEBUG)


class RequireNoServerLog(logging.Filter):
    """Lets records through unless `penstock serve` writes them to its error log: none stands there twice."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of logging.Filter
        """Look at the root logger; by name, for the framework knows no server."""
        return not any(
            type(each).__module__ == "penstock.telemetry.writing.handler" for each in logging.root.handlers
        )


class AdminEmailHandler(logging.Handler):
    """Mails a record to ADMINS, with what the error page would show.

    Args:
        include_html: add the debug page itself; it shows settings and local variables.
        email_backend: dotted path; None takes EMAIL_BACKEND.
        reporter_class: dotted path of what writes the report; None takes DEFAULT_EXCEPTION_REPORTER.
    """

    def __init__(
        self, include_html: bool = False, email_backend: str | None = None, reporter_class: str | None = None
    ) -> None:
        super().__init__()
        self.include_html = include_html
        self.email_backend = email_backend
        self._reporter_path = reporter_class

    @cached_property
    def reporter_class(self) -> Any:
        """The class that writes the report; found at the first mail, not at boot: it needs templates."""
        return import_string(self._reporter_path or settings.DEFAULT_EXCEPTION_REPORTER)

    def emit(self, record: logging.LogRecord) -> None:
        """Mail one record; nothing is worked out where there is nobody to mail it to."""
        if not settings.ADMINS and type(self).send_mail is AdminEmailHandler.send_mail:
            return
        request = getattr(record, "request", None)
        reporter = self.reporter_class(request, *_exception_of(record), is_email=True)
        told = f"{self.format(_without_exception(record))}\n\n{reporter.get_traceback_text()}"
        page = reporter.get_traceback_html() if self.include_html else None
        self.send_mail(self._subject(record, request), told, fail_silently=True, html_message=page)

    def send_mail(self, subject: str, message: str, **kwargs: Any) -> None:
        """Mail it; a subclass may do otherwise."""
        from penstock.web.core import mail

        mail.mail_admins(subject, message, connection=self.connection(), **kwargs)

    def connection(self) -> Any:
        """The mail connection of `email_backend`."""
        from penstock.web.core.mail import get_connection

        return get_connection(backend=self.email_backend, fail_silently=True)

    def format_subject(self, subject: str) -> str:
        """The subject in one line."""
        return subject.replace("\n", "\\n").replace("\r", "\\r")

    def _subject(self, record: logging.LogRecord, request: Any) -> str:
        place = ""
        if request is not None:
            inside = request.META.get("REMOTE_ADDR") in settings.INTERNAL_IPS
            place = f" ({'internal' if inside else 'EXTERNAL'} IP)"
        return self.format_subject(f"{record.levelname}{place}: {record.getMessage()}")


def _exception_of(record: logging.LogRecord) -> tuple[Any, Any, Any]:
    if record.exc_info:
        return record.exc_info
    return None, record.getMessage(), None


def _without_exception(record: logging.LogRecord) -> logging.LogRecord:
    """The record as it is mailed: the report tells the stack already."""
    return logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})


class ServerFormatter(logging.Formatter):
    """Gives a record `server_time`, when the format asks for it; no colours."""

    default_time_format = "%d/%b/%Y %H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        if self.uses_server_time() and not hasattr(record, "server_time"):
            record.server_time = self.formatTime(record, self.datefmt)
        return super().format(record)

    def uses_server_time(self) -> bool:
        """Whether the format names server_time."""
        return "{server_time}" in str(self._fmt)


def log_message(
    logger: logging.Logger,
    message: str,
    *args: Any,
    level: str | None = None,
    status_code: int | None = None,
    request: Any = None,
    exception: BaseException | None = None,
    **extra: Any,
) -> None:
    """Write one record at the level of a status: error from 500, warning from 400, else info.

    Text among `args` is written with escapes: a path with a line feed in it must not look like two lines.
    """
    number = logging.getLevelName((level or _level_of(status_code)).upper())
    if not logger.isEnabledFor(number):
        return
    escaped = [arg.encode("unicode_escape").decode("ascii") if isinstance(arg, str) else arg for arg in args]
    more = {"request": request, "status_code": status_code, **extra}
    logger.log(number, message, *escaped, exc_info=exception, extra=more)


def log_response(
    message: str,
    *args: Any,
    response: Any = None,
    request: Any = None,
    logger: logging.Logger = request_logger,
    level: str | None = None,
    exception: BaseException | None = None,
) -> None:
    """Write the record of a response, once: a response that has one is left alone."""
    if getattr(response, "_has_been_logged", False):
        return
    log_message(
        logger,
        message,
        *args,
        level=level,
        status_code=response.status_code,
        request=request,
        exception=exception,
    )
    response._has_been_logged = True


def _level_of(status_code: int | None) -> str:
    if status_code is not None and status_code >= 500:
        return "error"
    return "warning" if status_code is not None and status_code >= 400 else "info"
