"""A folder of scripts as a WSGI application: each request a process of its own.

    find the script -> wait for a place -> start it -> read its head -> stream the rest -> end it
         404, 403         503               500        502, 504

A script's response is streamed: what it has said is on its way while it still computes.  A thread waits with
it, so `threads` of a worker limits the scripts that run at once.  That the client has gone is noticed when
there is something to send; the script is then ended.

In:     requests, by WSGI: it runs on any server, and below any path.
Out:    responses of scripts, or pages.
Never:  keeps a process for a second request: that is what WSGI is for (docs/why-not-cgi.md).

Rules:  RFC 3875; PEP 3333.
"""

import collections
import io
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from penstock.config import CGIConfig
from penstock.wsgi.cgi.error import CGIError, ScriptFailedError, ScriptRefusedError
from penstock.wsgi.cgi.process import Command, ScriptProcess
from penstock.wsgi.cgi.response import HeadReader, ResponseHead
from penstock.wsgi.cgi.script import Script, find_script
from penstock.wsgi.cgi.variables import as_bytes, body_bytes, command_line, meta_variables

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

_LOG: Final = logging.getLogger("penstock.wsgi.cgi")

# A script that leads to a script that leads to a script: more than a few are a circle.
_MAX_LOCAL_REDIRECTS: Final = 10


class CGIDirectory:
    """The scripts of one folder, as an application.

    Args:
        folder: where they are.
        config: limits; None = the defaults.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: a variable of `cgi_environment` is not NAME=VALUE.
    """

    def __init__(self, folder: str | os.PathLike[str], config: CGIConfig | None = None) -> None:
        self._config = config or CGIConfig()
        self._folder = Path(folder).resolve()
        if not self._folder.is_dir():
            raise NotADirectoryError(f"no folder {os.fspath(folder)!r}; expected one with scripts")
        self._variables = dict(map(_variable, self._config.cgi_environment))
        places = self._config.cgi_processes
        self._places = threading.BoundedSemaphore(places) if places else None

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request by running the script that its path names."""
        try:
            return self._respond(environ, start_response)
        except CGIError as error:
            # What is not there is asked for all day, and stands in the access log.
            level = logging.INFO if error.status.startswith("404") else logging.WARNING
            _LOG.log(
                level, "cgi.refused status=%s path=%r: %s", error.status[:3], environ.get("PATH_INFO"), error
            )
            return _page(error, start_response)

    def _respond(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        for _ in range(_MAX_LOCAL_REDIRECTS):
            output = self._run(environ)
            head = output.head
            if not (head.local and self._is_below(environ, head.local)):
                return _sent(output, environ, start_response)
            output.close()
            environ = _redirected(environ, head.local)
        raise ScriptFailedError(
            "502 Bad Gateway", f"more than {_MAX_LOCAL_REDIRECTS} local redirects; expected an end"
        )

    def _run(self, environ: dict[str, Any]) -> "ScriptOutput":
        script = find_script(self._folder, as_bytes(environ.get("PATH_INFO", "")))
        variables = meta_variables(
            environ, script, self._folder, has_authorization=self._config.cgi_authorization
        )
        command = Command(
            [os.fsencode(script.file), *command_line(environ)],
            script.file.parent,
            variables | self._variables,
        )
        self._take_place()
        try:
            process = ScriptProcess(
                command, environ["wsgi.input"], body_bytes(environ), self._config, _noter(script)
            )
        except BaseException:
            self._leave_place()
            raise
        output = ScriptOutput(process, script, self._leave_place)
        try:
            output.begin(HeadReader(self._config.cgi_max_head_bytes, is_nph=script.is_nph))
        except BaseException:
            output.close()
            raise
        return output

    def _take_place(self) -> None:
        if self._places and not self._places.acquire(timeout=self._config.cgi_queue_s):
            waited = f"{self._config.cgi_queue_s:g} s"
            raise ScriptRefusedError("503 Service Unavailable", f"no place for another script after {waited}")

    def _leave_place(self) -> None:
        if self._places:
            self._places.release()

    @staticmethod
    def _is_below(environ: dict[str, Any], local: str) -> bool:
        """Section 6.2.2: anywhere on the server; what is not ours the client has to ask for."""
        return local.startswith(f"{environ.get('SCRIPT_NAME', '')}/")


def make_application(folder: str, **options: Any) -> CGIDirectory:
    """Return the scripts of `folder` as an application: a target that can be written in one word.

    Args:
        folder: where they are.
        options: fields of CGIConfig.
    """
    return CGIDirectory(folder, CGIConfig(**options))


def _sent(output: "ScriptOutput", environ: dict[str, Any], start_response: "StartResponse") -> "ScriptOutput":
    """Begin the response.

    To HEAD a script may say a body all the same (4.3.2), which nobody would read: it is read to its end here.
    """
    try:
        if environ.get("REQUEST_METHOD") == "HEAD":
            collections.deque(output, maxlen=0)
            output.close()
        start_response(output.head.status, output.head.fields)
    except BaseException:
        output.close()
        raise
    return output


class ScriptOutput:
    """What a script says, from its head on; an iterable of WSGI.

    Attributes:
        head: after `begin`.
    """

    head: ResponseHead

    def __init__(self, process: ScriptProcess, script: Script, leave: Callable[[], None]) -> None:
        self._process: ScriptProcess | None = process
        self._script = script
        self._leave = leave
        self._first = b""

    def begin(self, reader: HeadReader) -> None:
        """Read as far as the head, and a byte of the body where there may be none.

        Raises:
            ScriptFailedError: it ends before, or is none.
        """
        while True:
            data = self._read()
            found = reader.receive(data) if data else None
            if found:
                break
            if not data:
                self._fail_unsaid()
        self.head, self._first = found
        if not self.head.has_type and not self.head.local:  # 6.3.1: with a body it must say of what type
            self._first = self._first or self._read()
            if self._first:
                raise ScriptFailedError("502 Bad Gateway", "body without Content-Type; expected one")

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body.

        Raises:
            ScriptFailedError: its time is over, or it says too much; the message is then cut.
        """
        first, self._first = self._first, b""
        if first:
            yield first
        while data := self._read():
            yield data

    def close(self) -> None:
        """End the script, if it has not ended."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.close()
        finally:
            self._leave()
        if process.exit_text:
            _LOG.warning("cgi.ended script=%r %s", os.fsdecode(self._script.name), process.exit_text)

    def _read(self) -> bytes:
        return self._process.read() if self._process else b""

    def _fail_unsaid(self) -> None:
        process = self._process
        self.close()
        how = (process.exit_text if process else "") or "status 0"
        raise ScriptFailedError("502 Bad Gateway", f"script ended with {how} before its header section did")


def _noter(script: Script) -> Callable[[str], None]:
    name = os.fsdecode(script.name)

    def note(line: str) -> None:
        _LOG.warning("cgi.said script=%r %s", name, line)

    return note


def _redirected(environ: dict[str, Any], local: str) -> dict[str, Any]:
    """Return the environ of the request that a script leads to: GET, without a body (section 6.2.2)."""
    path, _, query = local.partition("?")
    mount = environ.get("SCRIPT_NAME", "")
    fresh = {name: value for name, value in environ.items() if name not in {"CONTENT_TYPE", "CONTENT_LENGTH"}}
    fresh["REQUEST_METHOD"] = "HEAD" if environ.get("REQUEST_METHOD") == "HEAD" else "GET"
    fresh["PATH_INFO"] = _unquoted(path)[len(mount) :]
    fresh["QUERY_STRING"] = query
    fresh["wsgi.input"] = io.BytesIO()
    return fresh


def _unquoted(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _variable(word: str) -> tuple[bytes, bytes]:
    name, equals, value = word.partition("=")
    if not name or not equals or "\0" in word:
        raise ValueError(f"cgi_environment {word!r}; expected NAME=VALUE")
    return os.fsencode(name), os.fsencode(value)


def _page(error: CGIError, start_response: "StartResponse") -> list[bytes]:
    body = f"{error.status[4:]}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if error.status.startswith("503"):
        headers.append(("Retry-After", "5"))
    start_response(error.status, headers)
    return [body]
