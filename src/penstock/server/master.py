"""The master: owns listeners, signals, the roster and the shared memory.

It runs no application code, no threads and no HTTP, so that nothing an application
does can hurt it.  It asks the roster what to do and has it done.

In:     signals, deaths, words of booting workers.
Out:    commands to nursery.py, guardian.py and the workers; an exit status.
Never:  imports the application, accepts a connection.

    TERM  finish and stop      INT, QUIT  stop now        HUP   new workers, then the old ones leave
    TTIN  one worker more      TTOU       one worker less USR1  the agent reopens its files
"""

import logging
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final

from penstock.server.address import parse_address
from penstock.server.errors import StartError
from penstock.server.family import HANDLED, Family, how_it_ended, send_signal
from penstock.server.guardian import Guardian
from penstock.server.lifecycle import State
from penstock.server.listener import Listener, open_listeners
from penstock.server.nursery import Nursery, WorkerReady
from penstock.server.pid_file import hold_pid_file
from penstock.server.plan import Heritage, ServePlan
from penstock.server.process import Identity, parse_identity
from penstock.server.roster import Command, Member, Roster, StartWorker
from penstock.server.signals import SignalQueue
from penstock.server.warden import Warden
from penstock.telemetry import Recorder, Segment, WorkerState, mark_gone, route_logging
from penstock.telemetry.layout import MASTER_TURNED_NS_WORD

log = logging.getLogger("penstock.server")

# Two generations of the wanted workers, and room for TTIN.
SPARE_SLOTS: Final = 8
# How often the master's loop turns at least, so that others can see whether it does.
TURN_S: Final = 2.0
# After QUIT a worker has nothing to wait for.
QUICK_STOP_S: Final = 2.0
START_FAILED_STATUS: Final = 1


def serve(plan: ServePlan) -> int:
    """Serve until told to stop; returns the exit status of the process.

    Raises:
        StartError: an address, user, group or umask of the configuration cannot be used.
    """
    identity = parse_identity(plan.server.user, plan.server.group, plan.server.umask)
    addresses = [parse_address(word) for word in plan.server.bind]
    listeners = open_listeners(addresses, plan.server.backlog, 0o666 & ~(identity.umask or 0))
    try:
        with hold_pid_file(plan.server.pid_file):
            return Master(plan, identity, listeners).run()
    finally:
        for listener in listeners:
            listener.close(unlink=True)


class Master:
    """One running server.

    Args:
        plan: what to serve and how.
        identity: who the children run as.
        listeners: open.
    """

    def __init__(self, plan: ServePlan, identity: Identity, listeners: Sequence[Listener]) -> None:
        self._plan = plan
        self._listeners = listeners
        desired = plan.server.workers
        slots = 2 * desired + SPARE_SLOTS
        self._segment = _create_segment(slots + 1, plan.server.threads + 1, plan.telemetry.ring_bytes)
        self._roster = Roster(slots, desired)
        self._recorder = Recorder(self._segment, 0)
        self._recorder.reset(os.getpid(), 0)
        self._has_served = False
        self._status = 0
        self._kill_at_s: float | None = None
        self._stop_at_s: float | None = None  # the end of drain_s
        self._poll = select.poll()
        self._family = Family()
        heritage = Heritage(self._segment, identity, listeners)
        self._nursery = Nursery(plan, self._family, heritage, self._poll)
        ops_fds = {plan.ops.fd} if plan.ops else set()
        self._family.private_fds |= ops_fds
        self._guardian = Guardian(plan.run_agent, self._family, heritage, ops_fds)
        self._warden = Warden(self._segment, self._recorder, plan.server)

    def run(self) -> int:
        """Serve until told to stop; returns the exit status."""
        route_logging(self._recorder)
        logging.getLogger("penstock").setLevel(logging.INFO)
        self._take_signals()
        self._guardian.start()
        while not (self._roster.is_stopping and not self._roster.members):
            for command in self._roster.plan(time.monotonic()):
                self._carry_out(command)
            self._wait()
            self._guardian.see_to_it()
            self._hear()
            for number in self._signals.take():
                self._on_signal(number)
            self._stop_the_drained()
            self._kill_the_late()
        if not self._status:
            log.info("server.stopped pid=%d", os.getpid())
        self._recorder.set_state(WorkerState.GONE)
        self._guardian.stop()
        return self._status

    def _take_signals(self) -> None:
        self._signals = SignalQueue(HANDLED)
        self._family.private_fds |= self._signals.fds
        self._poll.register(self._signals.fd, select.POLLIN)

    def _wait(self) -> None:
        """Wait for a signal or a word, at most until something is due."""
        now_s = time.monotonic()
        self._segment.words[MASTER_TURNED_NS_WORD] = time.monotonic_ns()
        is_draining = self._stop_at_s is not None and not self._roster.is_stopping
        due_s = (self._stop_at_s if is_draining else None, self._kill_at_s)
        waits = [TURN_S, self._roster.wait_s(now_s), self._guardian.wait_s(now_s)]
        waits += [max(0.0, moment - now_s) for moment in due_s if moment is not None]
        self._poll.poll(min(wait for wait in waits if wait is not None) * 1000 + 1)

    # Signals

    def _on_signal(self, number: signal.Signals) -> None:
        """Do what people expect of each signal (see the head of this file)."""
        if number is signal.SIGCHLD:
            self._reap()
        elif number is signal.SIGTERM and not self._roster.is_stopping:
            self._on_term()
        elif number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            log.info("server.stopping pid=%d signal=%s", os.getpid(), number.name.removeprefix("SIG"))
            self._quit()
        elif number is signal.SIGHUP:
            log.info("server.reloading pid=%d", os.getpid())
            self._roster.reload()
        elif number is signal.SIGTTIN:
            self._roster.scale(+1)
        elif number is signal.SIGTTOU:
            self._roster.scale(-1)
        elif number is signal.SIGUSR1:
            self._guardian.reopen()
        elif number is signal.SIGUSR2:  # elsewhere "new binary"; its default would end us without a word
            log.warning("server.signal_ignored pid=%d signal=USR2", os.getpid())

    # Stopping

    def _on_term(self) -> None:
        """Stop gracefully, after the `drain_s` in which a balancer may notice; asked twice means quickly."""
        drain_s = self._plan.server.drain_s
        if self._stop_at_s is not None:
            self._quit()
        elif drain_s:
            log.info("server.draining pid=%d signal=TERM drain_s=%.1f", os.getpid(), drain_s)
            self._recorder.set_state(WorkerState.DRAINING)  # who asks for readiness hears it from now on
            self._stop_at_s = time.monotonic() + drain_s
        else:
            self._stop_gracefully()

    def _stop_the_drained(self) -> None:
        is_due = self._stop_at_s is not None and time.monotonic() >= self._stop_at_s
        if is_due and not self._roster.is_stopping:
            self._stop_gracefully()

    def _stop_gracefully(self) -> None:
        log.info("server.stopping pid=%d signal=TERM", os.getpid())
        self._stop(self._plan.server.graceful_timeout_s + QUICK_STOP_S)

    def _stop(self, within_s: float) -> None:
        self._roster.stop()
        self._recorder.set_state(WorkerState.DRAINING)
        # The workers take what waits in the queues; who comes later is refused and may ask elsewhere.
        for listener in self._listeners:
            listener.close(unlink=True)
        self._kill_at_s = time.monotonic() + within_s

    def _quit(self) -> None:
        self._stop(QUICK_STOP_S)
        for member in self._roster.members.values():
            send_signal(member.pid, signal.SIGQUIT)

    def _kill_the_late(self) -> None:
        if self._kill_at_s is None or time.monotonic() < self._kill_at_s:
            return
        self._kill_at_s = None
        for member in self._roster.members.values():
            self._warden.kill(member, "it did not stop in time")

    # Workers

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, StartWorker):
            self._start_worker(command)
        else:
            send_signal(command.pid, signal.SIGTERM)

    def _start_worker(self, command: StartWorker) -> None:
        try:
            pid = self._nursery.start(command, is_alone=self._roster.desired == 1)
        except OSError as error:  # no more processes, no more memory: not for ever
            delay_s = self._roster.not_started(time.monotonic())
            log.error("worker.start_failed error=%r retry_in_s=%.1f", error.strerror, delay_s)
            return
        self._roster.started(command, pid, time.monotonic())
        if self._has_served:  # until then `worker.ready` says enough: a start that fails should say one thing
            log.info("worker.started slot=%d pid=%d generation=%d", command.slot, pid, command.generation)

    def _hear(self) -> None:
        for word in self._nursery.listen():
            if isinstance(word, WorkerReady):
                self._on_ready(word.pid)
            else:
                self._on_boot_failed(word.pid, word.reason)

    def _on_ready(self, pid: int) -> None:
        member = self._roster.members.get(pid)
        if member is None:
            return
        self._roster.ready(pid)
        log.info(
            "worker.ready slot=%d pid=%d boot_s=%.2f", member.slot, pid, time.monotonic() - member.started_s
        )
        ready = [m for m in self._roster.of_generation(self._roster.generation) if m.state is State.READY]
        if not self._has_served and len(ready) >= self._roster.desired:
            self._has_served = True
            self._recorder.set_state(WorkerState.READY)
            names = [str(listener) for listener in self._listeners]
            log.info("server.ready pid=%d workers=%d addresses=%s", os.getpid(), len(ready), ",".join(names))
            self._plan.announce(names)

    def _on_boot_failed(self, pid: int, reason: str) -> None:
        if self._status:  # one has said it for all
            return
        *stack, line = reason.splitlines() or ["no reason was given"]
        log.error("worker.boot_failed pid=%d %s", pid, line, extra={"stack": stack})
        if not self._has_served:
            self._give_up("\n".join([*stack, f"penstock: {line}"]))
        elif stack:
            log.error("%s", "\n".join(stack))

    def _give_up(self, reason: str) -> None:
        """The application never ran: say why where the operator looks, and end with a status that says so."""
        if not self._roster.is_stopping:
            sys.stderr.write(f"{reason}\n")
            self._status = START_FAILED_STATUS
            self._quit()

    def _reap(self) -> None:
        """Collect every child that has ended."""
        for pid, wait_status in self._family.reap():
            self._hear()  # its last word comes before its death
            if pid == self._guardian.pid:
                self._guardian.ended(wait_status)
                continue
            member = self._roster.exited(pid, time.monotonic())
            if member is not None:
                self._on_worker_exited(member, wait_status)

    def _on_worker_exited(self, member: Member, wait_status: int) -> None:
        lived_s = time.monotonic() - member.started_s
        how = how_it_ended(wait_status)
        expected = member.state is State.DRAINING or self._roster.is_stopping
        is_quiet = expected and wait_status in {0, signal.SIGTERM}  # one that still booted dies of our TERM
        level = logging.DEBUG if self._status else logging.INFO if is_quiet else logging.ERROR
        if not is_quiet:
            number = os.WTERMSIG(wait_status) if os.WIFSIGNALED(wait_status) else 0
            how = f"{how} {self._warden.explain(member, number)}".rstrip()
        wait_s = self._roster.wait_s(time.monotonic())
        if wait_s:
            how += f" restart_in_s={wait_s:.1f}"
        log.log(level, "worker.exited slot=%d pid=%d %s lived_s=%.1f", member.slot, member.pid, how, lived_s)
        mark_gone(self._segment, member.slot)
        if not self._has_served and member.state is State.BOOTING:
            self._give_up(f"penstock: worker {member.pid} {how} while it imported the application")


def _create_segment(slots: int, threads: int, ring_bytes: int) -> Segment:
    """Make the shared memory.

    Raises:
        StartError: the machine or a limit of it (`ulimit -f`) does not allow so much.
    """
    try:
        return Segment.create(slots, threads, ring_bytes)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StartError(f"no shared memory for {slots} rings of {ring_bytes} bytes: {reason}") from error
