"""One worker process: has the application, or imports it, and serves until told to stop.

Its main thread watches (watcher.py); the threads of the pool own the loop and
call the application.

In:     a fork of the master or of a template, with listeners, shared memory, a channel and the lifeline.
Out:    an exit status; words on the channel.
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
from time import monotonic_ns
from typing import Final

from penstock.server.boot import BOOT_FAILED_STATUS, Imported, explain_hook, import_application
from penstock.server.kinship import die_with, outlive_parent
from penstock.server.message import FAILED, HELLO, READY, Order, send_message
from penstock.server.plan import Heritage, ServePlan
from penstock.server.process import forget_parent
from penstock.server.signals import SignalQueue, pass_over
from penstock.server.worker.deadlines import Alarm
from penstock.server.worker.lanes import Lanes
from penstock.server.worker.loop import Loop
from penstock.server.worker.reception import NS, Reception
from penstock.server.worker.warmup import PEER, is_failure, warm_up
from penstock.telemetry import (
    METER,
    Recorder,
    WorkerState,
    capture_prints,
    route_logging,
    show_stacks,
    take_over_prometheus,
)
from penstock.telemetry.memory.pulse import BEAT_S
from penstock.telemetry.metrics.runtime import GarbageWatch
from penstock.wsgi import connection_environ

log = logging.getLogger("penstock.server")

# The master is gone: nobody will replace us, restart us or collect us (the design's bound).
ORPHAN_NS: Final = 2 * NS


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """All that a worker is given.

    Attributes:
        imported: what its template has imported, or None: it has to import by itself.
        order: its slot and generation, and the channel to the master.
        lifeline_fd: end of file here = the master has gone.
    """

    plan: ServePlan
    heritage: Heritage
    imported: Imported | None
    order: Order
    lifeline_fd: int
    master_pid: int


def run_worker(assignment: Assignment) -> None:
    """Serve, then end this process."""
    status = BOOT_FAILED_STATUS
    try:
        forget_parent(-1)
        pass_over([signal.SIGINT])
        assignment.heritage.identity.assume()
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
        self._channel_fd = assignment.order.channel_fd
        self._recorder = Recorder(
            assignment.heritage.segment, assignment.order.slot, config=assignment.plan.telemetry
        )
        self._recorder.reset(os.getpid(), assignment.order.generation)
        METER.bind(assignment.heritage.segment, assignment.order.slot)
        if assignment.plan.telemetry.prometheus_takeover:
            take_over_prometheus()
        route_logging(self._recorder)
        show_stacks(assignment.heritage.segment)
        if assignment.plan.telemetry.capture_print:
            capture_prints(self._recorder)
        self._is_expected = send_message(self._channel_fd, HELLO)

    def run(self) -> int:
        """Boot and serve; returns the exit status."""
        if not self._is_expected:  # the master has given us up: it would never know of this worker
            return 0
        imported = self._assignment.imported or self._import()
        if imported is None or not self._call_start_hook(imported):
            return BOOT_FAILED_STATUS
        gc.collect()
        gc.freeze()  # what was imported stays: no collection needs to look at it again
        GarbageWatch().begin()
        plan = self._assignment.plan
        server = plan.server
        lanes = Lanes(is_automatic=server.lanes == "auto", slow_ms=plan.telemetry.trace_slow_ms)
        self._loop = loop = Loop(imported.application, self._recorder, server.threads, lanes)
        self._reception = Reception(
            loop,
            self._assignment.heritage.listeners,
            server=server,
            protocol=plan.protocol,
            wsgi=plan.wsgi,
            telemetry=plan.telemetry,
        )
        self._take_signals()
        loop.watch(self._assignment.lifeline_fd, select.EPOLLIN, self._on_orphaned)
        self._beat()
        loop.pool.start(loop)
        if server.warmup_path and not self._warm_up(server.warmup_path):
            loop.order(loop.stop)
            loop.watcher.watch()
            return BOOT_FAILED_STATUS
        loop.order(self._reception.open)
        self._recorder.set_state(WorkerState.READY)
        send_message(self._channel_fd, READY)
        os.close(self._channel_fd)
        loop.watcher.watch()
        self._call_stop_hook(imported)
        self._recorder.set_state(WorkerState.GONE)
        return 0

    def _import(self) -> Imported | None:
        """Import the application; None = it cannot be, and the master knows why."""
        die_with(self._assignment.master_pid)  # nobody would tell a process that imports
        imported = import_application(self._assignment.plan, self._channel_fd)
        outlive_parent()
        return imported

    def _warm_up(self, path: str) -> bool:
        """Answer a first request of our own; False = the application failed, and the master knows why.

        A worker that was told to stop meanwhile has not failed.
        """
        plan = self._assignment.plan
        environ = connection_environ(
            plan.wsgi,
            server=self._assignment.heritage.listeners[0].name,
            peer=PEER,
            scheme="http",
            multithread=plan.server.threads > 1,
            multiprocess=True,
        )
        line = warm_up(self._reception, environ, path, plan.server.request_timeout_s)
        if is_failure(line) and not self._loop.is_stopped:
            send_message(self._channel_fd, FAILED, f"warmup_path {path!r} was answered with {line!r}")
            return False
        return True

    def _call_start_hook(self, imported: Imported) -> bool:
        """Let the application open what it must not share; False = it failed, and the master knows why."""
        try:
            imported.on_worker_start()
        except BaseException as error:  # noqa: BLE001 - the application's code may raise whatever it likes
            name = self._assignment.plan.server.on_worker_start
            send_message(self._channel_fd, FAILED, explain_hook("on_worker_start", name, error))
            return False
        return True

    def _call_stop_hook(self, imported: Imported) -> None:
        try:
            imported.on_worker_stop()
        except BaseException:
            log.exception("worker.stop_hook_failed pid=%d", os.getpid())

    def _beat(self) -> None:
        """Show the master that the loop turns, now and again in `BEAT_S`."""
        now_ns = monotonic_ns()
        self._recorder.beat(now_ns)
        self._loop.wheel.file(Alarm(now_ns + int(BEAT_S * NS), self._beat))

    def _take_signals(self) -> None:
        """Let signals reach the loop by a descriptor.

        Not by Python's handlers: of two signals at once the kernel may give both to a thread of the pool, and
        then nothing interrupts the main thread, the only one that runs handlers, in its wait.
        """
        self._signals = SignalQueue((signal.SIGTERM, signal.SIGQUIT))
        self._loop.watch(self._signals.fd, select.EPOLLIN, self._on_signals)
        pass_over((signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH))

    def _on_signals(self, _mask: int) -> None:
        for number in self._signals.take():
            if number is signal.SIGQUIT:
                self._quit()
            else:
                self._drain()

    def _drain(self) -> None:
        if not self._loop.is_draining:
            self._recorder.set_state(WorkerState.DRAINING)
            self._cut_after(int(self._assignment.plan.server.graceful_timeout_s * NS))
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
