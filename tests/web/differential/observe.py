"""Send every scenario to the specimen site on one framework, and write down what could be seen.

usage: FRAMEWORK=django python -m tests.web.differential.observe OUT

In:     $FRAMEWORK: `django` or `penstock.web`; the catalogue.
Out:    JSON: per scenario and round what start_response got, the body, the events, the log records, what was
        raised, and the state of the thread afterwards.  What is the framework's own name or chance is masked.
Never:  compares.
"""

import gzip
import io
import json
import logging
import os
import re
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.web.differential.catalogue import SCENARIOS
from tests.web.differential.scenario import Scenario

PACKAGE = os.environ["FRAMEWORK"]
NOW = 1_700_000_000.0

CHANCE = [
    (re.compile(r"\b[A-Za-z0-9]{64}\b|\b[A-Za-z0-9]{32}\b"), "<token>"),
    (re.compile(r"((?:sessionid|signed)=)[^;]{20,}"), r"\1<signed>"),
    (re.compile(r"0x[0-9a-f]+"), "<address>"),
]


class Records(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record: logger, level, status, exception, message; none of Django's template language."""
        if record.name == f"{PACKAGE}.template":
            return
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        logger = record.name.removeprefix(PACKAGE)
        status = getattr(record, "status_code", None)
        has_request = getattr(record, "request", None) is not None
        self.seen.append([logger, record.levelname, status, has_request, error, record.getMessage()])


class FileWrapper:
    """A server's wsgi.file_wrapper: says that it was used, and reads."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        self.file = file
        self.block_size = block_size
        self.close = file.close

    def __iter__(self) -> Any:
        yield f"wrapped {self.block_size}: ".encode()
        yield self.file.read()


def environ_of(scenario: Scenario, cookies: dict[str, str]) -> dict[str, Any]:
    """The environ that a server would build."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scenario.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scenario.path,
        "QUERY_STRING": scenario.query,
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "example.org",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(scenario.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scenario.body:
        environ["CONTENT_LENGTH"] = str(len(scenario.body))
    for name, value in scenario.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if cookies:
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        environ["HTTP_COOKIE"] = "; ".join(filter(None, [environ.get("HTTP_COOKIE"), sent]))
    if scenario.has_file_wrapper:
        environ["wsgi.file_wrapper"] = FileWrapper
    environ.update(scenario.environ)
    return {key: value for key, value in environ.items() if value is not None}


class Observer:
    """One framework, configured once."""

    def __init__(self) -> None:
        from tests.web.differential import specimen  # noqa: PLC0415  # it needs settings

        self.specimen = specimen
        self.settings = specimen.framework("conf").settings
        self.holder = specimen.framework("conf").UserSettingsHolder
        self.handler_class = specimen.framework("core.handlers.wsgi").WSGIHandler
        self.records = Records()
        logger = logging.getLogger(PACKAGE)
        logger.handlers = [self.records]
        logger.propagate = False
        logger.setLevel(logging.DEBUG)

    def observe(self, scenario: Scenario) -> list[dict[str, Any]]:
        """What is seen at each round of a scenario."""
        before = self.settings._wrapped
        self.change(self.layer(scenario), scenario)
        self.specimen.plan.clear()
        self.specimen.plan.update(scenario.plan)
        cookies: dict[str, str] = {}
        try:
            return [self.round(scenario, cookies) for _ in range(scenario.repeat)]
        finally:
            self.change(before, scenario)

    def layer(self, scenario: Scenario) -> Any:
        """The settings of a scenario."""
        layer = self.holder(self.settings._wrapped)
        for name, value in scenario.settings.items():
            setattr(layer, name, _in_package(value))
        layer.MIDDLEWARE = [_in_package(name) for name in scenario.middleware]
        return layer

    def change(self, layer: Any, scenario: Scenario) -> None:
        """Put settings in place and tell everybody."""
        self.settings._wrapped = layer
        for name in (*scenario.settings, "MIDDLEWARE"):
            value = getattr(self.settings, name, None)
            self.specimen.signals.setting_changed.send(
                sender=type(self.settings), setting=name, value=value, enter=True
            )

    def round(self, scenario: Scenario, cookies: dict[str, str]) -> dict[str, Any]:
        """Send the request once; `cookies` are sent, and take what is set."""
        self.specimen.events.clear()
        self.specimen.parts.kept.clear()
        self.records.seen = []
        seen: dict[str, Any] = {"status": None, "headers": [], "body": None, "raised": None}
        try:
            self.call(scenario, cookies, seen)
        except BaseException as error:  # noqa: BLE001  # what leaves the application is what is looked at
            seen["raised"] = [type(error).__name__, str(error)]
        _decompress(seen)
        seen["events"] = self.specimen.events.copy()
        seen["files_closed"] = [file.closed for file in self.specimen.parts.kept]
        seen["records"] = self.records.seen
        seen["thread"] = [self.specimen.urls.get_urlconf(), self.specimen.urls.get_script_prefix()]
        self.specimen.urls.set_urlconf(
            None
        )  # what left the application has left them, and the next round begins anew
        self.specimen.urls.set_script_prefix("/")
        masked: dict[str, Any] = _masked(seen)
        return masked

    def call(self, scenario: Scenario, cookies: dict[str, str], seen: dict[str, Any]) -> None:
        """Do what a server does."""

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            seen["status"], seen["headers"] = status, [list(header) for header in headers]
            for name, value in headers:
                if name == "Set-Cookie":
                    _keep(value.strip(), cookies)

        response = self.handler_class()(environ_of(scenario, cookies), start_response)
        try:
            pieces = list(response)
            seen["body"] = b"".join(pieces).decode("latin-1")
            seen["pieces"] = len(pieces)
        finally:
            for _ in range(scenario.close_count if hasattr(response, "close") else 0):
                response.close()
        seen["closed"] = getattr(response, "closed", None)


def _keep(cookie: str, cookies: dict[str, str]) -> None:
    name, _, rest = cookie.partition("=")
    cookies[name] = rest.partition(";")[0]
    if "Max-Age=0" in cookie:
        del cookies[name]


def _decompress(seen: dict[str, Any]) -> None:
    """Show what a gzipped body says: its length is chance (a random name), its pieces are not fixed."""
    if ["Content-Encoding", "gzip"] in seen["headers"] and seen["body"]:
        seen["body"] = gzip.decompress(seen["body"].encode("latin-1")).decode("latin-1")
        seen["headers"] = [header for header in seen["headers"] if header[0] != "Content-Length"]
        del seen["pieces"]


def _in_package(value: Any) -> Any:
    """A value with `{}` at its beginning replaced by the package: "{}.middleware.gzip.GZipMiddleware"."""
    if isinstance(value, str) and value.startswith(("{}.", "specimen.")):
        return value.replace("{}", PACKAGE).replace("specimen.", "tests.web.differential.specimen.")
    if isinstance(value, list):
        return [_in_package(each) for each in value]
    if isinstance(value, dict):
        return {key: _in_package(each) for key, each in value.items()}
    return value


def _masked(value: Any) -> Any:
    """A value without the framework's name and without chance."""
    if isinstance(value, str):
        for pattern, mask in CHANCE:
            value = pattern.sub(mask, value)
        return value.replace(PACKAGE, "<framework>")
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    return value


def main(out: Path) -> None:
    """Send all scenarios."""
    warnings.simplefilter("ignore")  # un-awaited coroutines and streams are among the scenarios
    time.time = lambda: NOW
    settings = import_module(f"{PACKAGE}.conf").settings
    settings.configure()
    from tests.web.differential.specimen import SETTINGS  # noqa: PLC0415  # it needs settings

    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    if PACKAGE == "django":
        import_module("django.test.signals")  # Django forgets what it derived from settings there
    import_module(PACKAGE).setup()
    observer = Observer()
    out.write_text(json.dumps({scenario.name: observer.observe(scenario) for scenario in SCENARIOS}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
