"""The template: imports the application once and forks the workers of its generation from that image.

What was imported is in memory once for all of them, a worker starts in milliseconds, and one that dies while
a broken deploy is on disk comes back with the code it had.

A worker is forked twice, so that its parent ends at once and the master, which adopts orphans, becomes its
parent: it alone hears of deaths and nobody takes a stranger for a worker.

In:     a fork of the master; orders on its channel.
Out:    workers; its word when the application is imported, or why it cannot be.
Never:  serves, starts a thread, outlives the master, returns into the master's code.

Rules:  fork(2), prctl(2); decisions/preload.md.
"""

import contextlib
import dataclasses
import gc
import logging
import os
import signal
import socket
import sys
import time
import traceback
import warnings
from typing import Final

from penstock.server.boot import BOOT_FAILED_STATUS, Imported, import_application
from penstock.server.kinship import die_with, outlive_parent
from penstock.server.message import HAZARDS, READY, Order, receive_order, send_message
from penstock.server.plan import Heritage, ServePlan
from penstock.server.process import forget_parent
from penstock.server.signals import HANDLED, pass_over
from penstock.server.template.audit import Origins, find_hazards
from penstock.server.template.errand import run_errand
from penstock.server.template.undertaker import Undertaker
from penstock.server.worker.worker import Assignment, run_worker
from penstock.telemetry import (
    METER,
    Recorder,
    WorkerState,
    capture_prints,
    route_logging,
    show_stacks,
    take_over_prometheus,
)

ADOPTION_LOOK_S: Final = 0.0002
# A group's, a terminal's, or meant for the master; who ends a template kills it.
PASSED_OVER: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH,
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Seat:
    """All that a template is given.

    Attributes:
        channel: where it reports and takes orders.
        lifeline_fd: what its workers watch.
    """

    plan: ServePlan
    heritage: Heritage
    slot: int
    generation: int
    channel: socket.socket
    lifeline_fd: int


def run_template(seat: Seat) -> None:
    """Import, report, fork workers until the master wants no more; then end this process."""
    status = BOOT_FAILED_STATUS
    try:
        status = Template(seat).run()
    except BaseException:  # noqa: BLE001 - nothing may return into the master's code
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # an application may have put anything there
            stream.flush()


class Template:
    """One template between its fork and its exit."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._master_pid = os.getppid()
        forget_parent(-1)
        pass_over(PASSED_OVER)
        seat.heritage.identity.assume()
        die_with(self._master_pid)  # while it imports; later the channel's end tells
        self._undertaker = Undertaker()
        self._recorder = Recorder(seat.heritage.segment, seat.slot)
        self._recorder.reset(os.getpid(), seat.generation)
        METER.bind(seat.heritage.segment, seat.slot)
        if seat.plan.telemetry.prometheus_takeover:
            take_over_prometheus()
        route_logging(self._recorder)
        show_stacks(seat.heritage.segment)
        if seat.plan.telemetry.capture_print:
            capture_prints(self._recorder)

    def run(self) -> int:
        """Be a template; returns the exit status."""
        channel = self._seat.channel.fileno()
        with Origins() as origins:
            imported = import_application(self._seat.plan, channel)
        if imported is None:
            return BOOT_FAILED_STATUS
        _flush()  # what was printed while importing would leave with each worker
        hazards = find_hazards(origins)
        if hazards:
            send_message(channel, HAZARDS, "; ".join(hazards))
            if self._seat.plan.server.preload == "auto":
                return 0
        gc.collect()
        gc.freeze()  # no collection in a worker touches what was imported, so the pages stay shared
        self._recorder.set_state(WorkerState.TEMPLATE)
        outlive_parent()
        send_message(channel, READY)
        self._take_orders(imported)
        self._recorder.set_state(WorkerState.GONE)
        for listener in self._seat.heritage.listeners:
            listener.close()  # nobody may connect any more
        self._undertaker.see_off()
        return 0

    def _take_orders(self, imported: Imported) -> None:
        while order := receive_order(self._seat.channel):
            self._bear(order, imported)
            os.close(order.channel_fd)

    def _bear(self, order: Order, imported: Imported) -> None:
        """Fork a process that forks the worker and ends."""
        told, tells = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the audit has named them
                pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            logging.getLogger("penstock.server").error("template.fork_failed error=%r", error.strerror)
            pid = -1
        if not pid:
            os.close(told)
            self._deliver(order, imported, tells)
        os.close(tells)
        if pid > 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.waitpid(pid, 0)
            self._undertaker.know(int(os.read(told, 20) or b"0"))
        os.close(told)

    def _deliver(self, order: Order, imported: Imported, tells: int) -> None:
        """In between: fork the worker, say its pid, end, and so make it the master's."""
        try:
            between_pid = os.getpid()
            worker_pid = os.fork()
            if worker_pid:
                os.write(tells, b"%d" % worker_pid)
                os._exit(0)
            os.close(tells)
            self._undertaker.close()
            while os.getppid() == between_pid:
                time.sleep(ADOPTION_LOOK_S)
            if os.getppid() != self._master_pid:
                os._exit(0)  # the master has gone meanwhile: whom would it serve
            self._seat.channel.close()
        except BaseException:  # noqa: BLE001 - nothing may return into the template's loop
            os._exit(BOOT_FAILED_STATUS)
        seat = self._seat
        run = run_worker if order.slot else run_errand
        run(Assignment(seat.plan, seat.heritage, imported, order, seat.lifeline_fd, self._master_pid))
