"""The process of one script: fed, listened to, and ended whatever it does.

    stdin    the body of the request, as fast as the script takes it; closed early if it does not want it
    stdout   handed to the caller, piece by piece; a script that is not read waits
    stderr   lines of the log, up to a limit
    end      its descriptor (pidfd): not the end of stdout, which a daemon it left behind may hold open for
    ever

The script leads a session and process group of its own.  When it is over, or its time is, the whole group is
ended: TERM, a grace, KILL.  Who wants to outlive its request calls setsid() itself.

In:     a command, an environment, a body.
Out:    bytes of standard output.
Never:  runs a shell, or code between fork and exec (other threads may hold locks then: limits are set from
        outside, some microseconds after exec).

Rules:  RFC 3875 sections 4.2, 6.1, 7.2 and 9.6; signal(7), pidfd_open(2), prlimit(2).
"""

import contextlib
import errno
import os
import resource
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, BinaryIO, Final

from penstock.config import CGIConfig
from penstock.wsgi.cgi.error import ScriptFailedError

# What the kernel says of an interpreter that is not there, is none, or is not named.
_FIRST_LINE_ERRORS: Final = (errno.ENOENT, errno.EACCES, errno.ENOEXEC)

_PIECE_BYTES: Final = 65536  # a pipe of Linux holds so much
# A RequestTimeout reaches this thread only between two waits.
_SLICE_S: Final = 1.0
_MAX_ERROR_BYTES: Final = 65536
_MAX_LINE_BYTES: Final = 4096
_KILLED_WAIT_S: Final = 5.0  # who is in the kernel's hands for longer is left to it


@dataclass(frozen=True, slots=True)
class Command:
    """What is started: the words, where, with which environment."""

    words: Sequence[bytes]
    folder: Path
    environment: Mapping[bytes, bytes]


class ScriptProcess:
    """A running script; call `close` whatever happens.

    Args:
        command: what to start.
        body: of the request, from its beginning; `length` bytes of it are the script's.
        length: 0 = there is no body, and stdin is empty.
        config: limits.
        note: takes lines of standard error.

    Raises:
        ScriptFailedError: 500: it cannot be started.
    """

    def __init__(
        self, command: Command, body: BinaryIO, length: int, config: CGIConfig, note: Callable[[str], object]
    ) -> None:
        self._config = config
        self._note = note
        self._body, self._left = body, length
        self._left_s = config.cgi_timeout_s
        self._chunk = b""
        self._errors = b""
        self._error_bytes = self._output_bytes = 0
        self._poll = select.poll()
        self._open: dict[int, IO[bytes]] = {}
        self._process = _start(command, has_body=length > 0)
        try:
            self._end_fd = os.pidfd_open(self._process.pid)
            self._poll.register(self._end_fd, select.POLLIN)
            _limit(self._process.pid, config)
        except OSError as error:  # no descriptor left, or a program that became another user
            self._signal(signal.SIGKILL)
            self._process.communicate()
            raise _cannot_start(command, error) from None
        self._watch(self._process.stdout, select.POLLIN)
        self._watch(self._process.stderr, select.POLLIN)
        self._watch(self._process.stdin, select.POLLOUT)

    def read(self) -> bytes:
        """Return the next output; b"" at its end.

        Raises:
            ScriptFailedError: 504: its time is over; 502: it says more than it may.
        """
        output = self._fd(self._process.stdout)
        while output in self._open:
            ready = self._wait()
            self._serve(ready)
            if output in ready or self._end_fd in ready:
                data = self._take(output)
                if data or (data is None and self._end_fd in ready):
                    return self._counted(data or b"")
        return b""

    @property
    def exit_text(self) -> str:
        """How it ended, for a log line; empty = well, or not yet."""
        code = self._process.returncode
        if not code:
            return ""
        return f"status {code}" if code > 0 else f"signal {-code}"

    def close(self) -> None:
        """End the script and everything in its group, log what it still said, and close its pipes."""
        try:
            self._end()
        finally:
            for stream in list(self._open.values()):
                self._forget(stream)
            os.close(self._end_fd)
            self._flush_errors()

    # Its pipes

    def _watch(self, stream: IO[bytes] | None, events: int) -> None:
        if stream is not None:
            fd = stream.fileno()
            os.set_blocking(fd, False)
            self._open[fd] = stream
            self._poll.register(fd, events)

    @staticmethod
    def _fd(stream: IO[bytes] | None) -> int:
        """Return the descriptor of a pipe; -1 = there is none any more."""
        return -1 if stream is None or stream.closed else stream.fileno()

    def _forget(self, stream: IO[bytes]) -> None:
        fd = stream.fileno()
        del self._open[fd]
        self._poll.unregister(fd)
        with contextlib.suppress(OSError):
            stream.close()

    def _wait(self) -> set[int]:
        """Return the descriptors that are ready.

        Only what the script takes is counted: not the time in which its output waits for a slow client.
        """
        if self._left_s <= 0:
            raise ScriptFailedError(
                "504 Gateway Timeout", f"script not done after {self._config.cgi_timeout_s:g} s; it is ended"
            )
        began = monotonic()
        ready = {fd for fd, _ in self._poll.poll(min(self._left_s, _SLICE_S) * 1000)}
        self._left_s -= monotonic() - began
        return ready

    def _serve(self, ready: set[int]) -> None:
        errors, body = self._fd(self._process.stderr), self._fd(self._process.stdin)
        if errors in ready and (data := self._take(errors)):
            self._take_errors(data)
        if body in ready:
            self._feed(body)

    def _take(self, fd: int) -> bytes | None:
        """Return what is in a pipe; None = nothing yet, b"" = its end, and it is closed."""
        try:
            data = os.read(fd, _PIECE_BYTES)
        except BlockingIOError:
            return None
        if not data:
            self._forget(self._open[fd])
        return data

    def _feed(self, fd: int) -> None:
        if not self._chunk:
            self._chunk = self._body.read(min(_PIECE_BYTES, self._left)) if self._left else b""
            self._left -= len(self._chunk)
        try:
            if self._chunk:
                self._chunk = self._chunk[os.write(fd, self._chunk) :]
                return
        except BlockingIOError:
            return
        except BrokenPipeError:  # it does not want the rest
            pass
        self._forget(self._open[fd])

    def _counted(self, data: bytes) -> bytes:
        self._output_bytes += len(data)
        if self._output_bytes > self._config.cgi_max_output_bytes:
            raise ScriptFailedError(
                "502 Bad Gateway",
                f"output of more than {self._config.cgi_max_output_bytes} bytes; the script is ended",
            )
        return data

    # What it says of itself

    def _take_errors(self, data: bytes) -> None:
        room = _MAX_ERROR_BYTES - self._error_bytes
        if room <= 0:
            return
        self._error_bytes += len(data)
        if len(data) >= room:
            data = data[:room] + b"\n... more is not logged\n"
        *lines, self._errors = (self._errors + data).split(b"\n")
        if len(self._errors) > _MAX_LINE_BYTES:
            lines.append(self._errors)
            self._errors = b""
        for line in lines:
            self._say(line)

    def _flush_errors(self) -> None:
        self._say(self._errors)
        self._errors = b""

    def _say(self, line: bytes) -> None:
        if line.strip():
            self._note(line[:_MAX_LINE_BYTES].decode("utf-8", "backslashreplace").rstrip("\r"))

    # Its end

    def _end(self) -> None:
        # A script that has closed its output is about to leave: most end by themselves within a moment.
        has_spoken = self._fd(self._process.stdout) not in self._open
        grace_s = self._config.cgi_kill_grace_s
        try:
            if not self._has_ended(grace_s if has_spoken else 0):
                self._signal(signal.SIGTERM)
                self._has_ended(grace_s)
        finally:
            # Before it is reaped: until then nobody else can have the number of its group.
            self._signal(signal.SIGKILL)
            errors = self._fd(self._process.stderr)
            while errors in self._open and (data := self._take(errors)):
                self._take_errors(data)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILLED_WAIT_S)

    def _has_ended(self, within_s: float) -> bool:
        ended = select.poll()
        ended.register(self._end_fd, select.POLLIN)
        return bool(ended.poll(within_s * 1000))

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _start(command: Command, *, has_body: bool) -> "subprocess.Popen[bytes]":
    try:
        # Running what stands in the folder is the purpose; there is no shell.
        return subprocess.Popen(  # noqa: S603 - as said
            list(command.words),
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.PIPE if has_body else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            close_fds=True,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _cannot_start(command, error) from None


def _cannot_start(command: Command, error: OSError | ValueError) -> ScriptFailedError:
    why = getattr(error, "strerror", None) or str(error)
    hint = "; its first line may be at fault" if getattr(error, "errno", 0) in _FIRST_LINE_ERRORS else ""
    message = f"script {command.words[0]!r} cannot be started: {why.lower()}{hint}"
    return ScriptFailedError("500 Internal Server Error", message)


def _limit(pid: int, config: CGIConfig) -> None:
    """Set the limits of a process that was just started; one that has ended already needs none."""
    for kind, limit in _limits(config):
        with contextlib.suppress(ProcessLookupError, ValueError):  # ValueError: below what it may still raise
            _, most = resource.prlimit(pid, kind)
            limit_here = limit if most == resource.RLIM_INFINITY else min(limit, most)
            resource.prlimit(pid, kind, (limit_here, limit_here))


def _limits(config: CGIConfig) -> Iterator[tuple[int, int]]:
    wanted = (
        (resource.RLIMIT_CPU, config.cgi_cpu_s),
        (resource.RLIMIT_AS, config.cgi_memory_bytes),
        (resource.RLIMIT_NOFILE, config.cgi_files),
        (resource.RLIMIT_CORE, 0),
    )
    return ((kind, limit) for kind, limit in wanted if limit or kind == resource.RLIMIT_CORE)
