"""One worker process: imports the application, serves until told to stop.

Its main thread watches (watcher.py); the threads of the pool own the loop and
call the application.

In:     a fork of the master, with listeners, shared memory and two pipes.
Out:    an exit status; a word on the readiness pipe.
Never:  returns into the master's code: it ends with `os._exit`.

Signals: TERM finish and leave, QUIT leave now.  INT is the terminal's, sent to everybody: the master decides.
"""

import atexit
import contextlib
import dataclasses
import gc
import logging
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final
from wsgiref.types import WSGIApplication

from penstock.config import ProtocolConfig, ServerConfig, WSGIConfig
from penstock.server.deadlines import Alarm
from penstock.server.lanes import Lanes
from penstock.server.listener import Listener
from penstock.server.loop import Loop
from penstock.server.process import Identity, forget_parent
from penstock.server.reception import NS, Reception
from penstock.server.signals import SignalQueue
from penstock.telemetry import Recorder, Segment, WorkerState, route_logging

log = logging.getLogger("penstock.server")

READY: Final = b"R"
FAILED: Final = b"F"
# sysexits(3): EX_SOFTWARE for an application that cannot be imported.
BOOT_FAILED_STATUS: Final = 70
# The master is gone: nobody will replace us, restart us or collect us (the design's bound).
ORPHAN_NS: Final = 2 * NS


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """All that a worker is given.

    Attributes:
        load: imports and returns the application.
        ready_fd: where it says READY, or FAILED and why.
        lifeline_fd: end of file here = the master has gone.
    """

    server: ServerConfig
    protocol: ProtocolConfig
    wsgi: WSGIConfig
    load: Callable[[], WSGIApplication]
    segment: Segment
    listeners: Sequence[Listener]
    identity: Identity
    slot: int
    generation: int
    is_alone: bool
    ready_fd: int
    lifeline_fd: int


def run_worker(assignment: Assignment) -> None:
    """Serve, then end this process."""
    status = BOOT_FAILED_STATUS
    try:
        forget_parent(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assignment.identity.assume()
        status = Worker(assignment).run()
    except BaseException:  # noqa: BLE001 - nothing may return into the master's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


class Worker:
    """One worker between its fork and its exit."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._recorder = Recorder(assignment.segment, assignment.slot)
        self._recorder.reset(os.getpid(), assignment.generation)
        self._recorder.set_state(WorkerState.BOOTING)
        route_logging(self._recorder)

    def run(self) -> int:
        """Boot and serve; returns the exit status."""
        application = self._load()
        if application is None:
            return BOOT_FAILED_STATUS
        gc.collect()
        gc.freeze()  # what was imported stays: no collection needs to look at it again
        server = self._assignment.server
        lanes = Lanes(is_automatic=server.lanes == "auto")
        self._loop = loop = Loop(application, self._recorder, server.threads, lanes)
        self._reception = Reception(
            loop,
            self._assignment.listeners,
            server=server,
            protocol=self._assignment.protocol,
            wsgi=self._assignment.wsgi,
            is_alone=self._assignment.is_alone,
        )
        self._take_signals()
        loop.watch(self._assignment.lifeline_fd, select.EPOLLIN, self._on_orphaned)
        self._reception.open()
        loop.pool.start(loop)
        self._recorder.set_state(WorkerState.READY)
        self._report(READY)
        loop.watcher.watch()
        self._recorder.set_state(WorkerState.GONE)
        return 0

    def _load(self) -> WSGIApplication | None:
        """Import the application; None = it cannot be, and the master knows why."""
        try:
            return self._assignment.load()
        except BaseException as error:  # noqa: BLE001 - a package may exit or raise whatever it likes
            self._report(FAILED + _reason(error).encode("utf-8", "replace"))
            return None

    def _report(self, word: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._assignment.ready_fd, word[: select.PIPE_BUF])
        os.close(self._assignment.ready_fd)

    def _take_signals(self) -> None:
        """Let signals reach the loop by a descriptor.

        Not by Python's handlers: of two signals at once the kernel may give both to a thread of the pool, and
        then nothing interrupts the main thread, the only one that runs handlers, in its wait.
        """
        self._signals = SignalQueue((signal.SIGTERM, signal.SIGQUIT))
        self._loop.watch(self._signals.fd, select.EPOLLIN, self._on_signals)
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
            signal.signal(number, signal.SIG_IGN)

    def _on_signals(self, _mask: int) -> None:
        for number in self._signals.take():
            if number is signal.SIGQUIT:
                self._quit()
            else:
                self._drain()

    def _drain(self) -> None:
        if not self._loop.is_draining:
            self._recorder.set_state(WorkerState.DRAINING)
            self._cut_after(int(self._assignment.server.graceful_timeout_s * NS))
            self._reception.drain()

    def _quit(self) -> None:
        count = self._reception.cut()
        if count:
            log.warning("worker.quit pid=%d requests_cut=%d", os.getpid(), count)
        self._loop.stop()

    def _on_orphaned(self, _mask: int) -> None:
        self._loop.forget(self._assignment.lifeline_fd)
        log.error("worker.orphaned pid=%d: the master has gone", os.getpid())
        self._cut_after(ORPHAN_NS)
        self._drain()

    def _cut_after(self, wait_ns: int) -> None:
        self._loop.wheel.file(Alarm(monotonic_ns() + wait_ns, self._quit))


def _reason(error: BaseException) -> str:
    """Return what the operator reads: the traceback where the fault is the application's, then one line."""
    line = str(error) or type(error).__name__
    cause = error.__cause__
    if cause is None:
        return line
    return "".join(traceback.format_exception(cause)) + line
