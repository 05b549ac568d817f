"""The master: owns listeners, signals, the roster and the shared memory.

It runs no application code, no threads and no HTTP, so that nothing an application
does can hurt it.  It asks the roster what to do and has it done.

In:     signals, deaths, words of templates and booting workers.
Out:    commands to nursery.py, guardian.py and the workers; verdicts on reloads; an exit status.
Never:  imports the application, accepts a connection.

    TERM  finish and stop      INT, QUIT  stop now        HUP    new workers, then the old ones leave
    TTIN  one worker more      TTOU       one worker less  USR1  the agent reopens its files
    USR2  the program is started anew on the same sockets and takes over when its workers are ready
    WINCH the workers leave, TTIN or HUP brings them back (not from a terminal, which sends it when resized)
"""

import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Final

from penstock.server.address import parse_address
from penstock.server.errors import StartError
from penstock.server.listener import Listener, open_listeners
from penstock.server.master.family import Family, how_it_ended, send_signal
from penstock.server.master.guardian import AGENT_STOP_S
from penstock.server.master.handover import Handover
from penstock.server.master.lifecycle import State
from penstock.server.master.lodging import keep_agent
from penstock.server.master.notify import Notifier, Phase
from penstock.server.master.nursery import (
    GenerationFailed,
    GenerationImported,
    Nursery,
    TemplateExited,
    Word,
    WorkerBorn,
    WorkerFailed,
    WorkerReady,
)
from penstock.server.master.pid_file import hold_pid_file
from penstock.server.master.recycling import Recycler
from penstock.server.master.roster import (
    RESERVED_SLOTS,
    Command,
    ConcludeReload,
    ImportGeneration,
    KillWorker,
    Member,
    ReleaseGeneration,
    Roster,
    StartWorker,
)
from penstock.server.master.succession import Succession
from penstock.server.master.warden import Warden
from penstock.server.plan import Heritage, ServePlan
from penstock.server.process import Identity, has_terminal, parse_identity
from penstock.server.signals import HANDLED, SignalQueue, hold_back
from penstock.telemetry import Recorder, Segment, WorkerState, mark_gone, route_logging
from penstock.telemetry.memory.layout import MASTER_TURNED_NS_WORD, SUCCESSOR_PID_WORD

log = logging.getLogger("penstock.server")

# Beside two generations of the wanted workers: room for four TTIN in each.
SPARE_SLOTS: Final = 8 + RESERVED_SLOTS
# How often the master's loop turns at least, so that others can see whether it does.
TURN_S: Final = 2.0
# After QUIT a worker has nothing to wait for.
QUICK_STOP_S: Final = 2.0
# What a service manager grants beyond what we ask for.
NOTICE_S: Final = 5.0
START_FAILED_STATUS: Final = 1


def serve(plan: ServePlan) -> int:
    """Serve until told to stop; returns the exit status of the process.

    Raises:
        StartError: an address, user, group or umask of the configuration cannot be used.
    """
    identity = parse_identity(plan.server.user, plan.server.group, plan.server.umask)
    left = plan.inheritance
    # A reload that is asked for from now on waits until the master can tell what HUP means.
    with hold_back(signal.SIGHUP):
        addresses = [parse_address(word) for word in plan.server.bind]
        sockets = left.sockets if left else {}
        mode = 0o666 & ~(identity.umask or 0)
        listeners = open_listeners(addresses, plan.server.backlog, mode, sockets)
        try:
            with hold_pid_file(plan.server.pid_file, left.predecessor_pid if left else 0):
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
        self._listeners = listeners
        desired = plan.server.workers
        slots = 2 * desired + SPARE_SLOTS
        self._segment = _create_segment(slots + 1, plan.server.threads + 1, plan.telemetry.ring_bytes)
        self._roster = Roster(slots, desired, _patience_s(plan))
        self._succession = Succession(plan, self._roster, self._segment)
        self._recorder = Recorder(self._segment, 0)
        self._recorder.reset(os.getpid(), 0)
        self._has_served = False
        self._status = 0
        self._stop_at_s: float | None = None  # the end of drain_s
        self._notifier = plan.notifier
        self._poll = select.poll()
        self._family = Family()
        heritage = Heritage(self._segment, identity, listeners)
        self._nursery = Nursery(self._family, heritage, self._poll)
        self._family.private_fds |= {plan.ops.fd} if plan.ops else set()
        self._guardian = keep_agent(plan, self._family, heritage, self._poll)
        self._handover = Handover(self._family, self._poll)
        self._recycler = Recycler(self._segment)
        self._warden = Warden(self._segment, self._recorder, plan.server)

    def run(self) -> int:
        """Serve until told to stop; returns the exit status."""
        route_logging(self._recorder)
        logging.getLogger("penstock").setLevel(logging.INFO)
        self._take_signals()
        if left := self._plan.inheritance:
            self._guardian.wait_for(left.open_predecessor(), self._poll)
        self._guardian.see_to_it()
        while self._act():
            self._report()
            self._wait()
            self._guardian.see_to_it()
            self._hear(self._nursery.listen())
            self._hear(self._nursery.give_up_the_stuck(time.monotonic()))
            for number in self._signals.take():
                self._on_signal(number)
            self._stop_the_drained()
            self._look_after_workers()
            self._look_after_handover()
        self._report()
        if not self._status:
            log.info("server.stopped pid=%d", os.getpid())
        self._recorder.set_state(WorkerState.GONE)
        self._guardian.stop(is_predecessor_leaving=self._has_served)
        return self._status

    def _look_after_workers(self) -> None:
        for pid in self._warden.see_to_it(self._roster.members.values()):
            self._roster.replace(pid, is_urgent=True)
        members = self._roster.members.values()
        for due in self._recycler.due(self._plan.server, members, time.monotonic()):
            if self._roster.replace(due.member.pid):
                log.info("worker.recycled slot=%d pid=%d %s", due.member.slot, due.member.pid, due.reason)

    def _act(self) -> bool:
        """Do what the roster wants; False = it has stopped and nobody is left."""
        for command in self._roster.plan(time.monotonic()):
            self._carry_out(command)
        return not (self._roster.is_stopping and self._roster.is_empty and not self._handover.pid)

    def _report(self) -> None:
        """Tell the service manager where we stand; a loop that hangs starves its watchdog."""
        self._notifier.tell(self._phase(), self._summary())
        self._notifier.beat(time.monotonic())

    def _phase(self) -> Phase:
        if self._roster.is_stopping or self._stop_at_s is not None:
            return Phase.STOPPING
        if not self._has_served:
            return Phase.STARTING
        return Phase.RELOADING if self._roster.is_reloading else Phase.READY

    def _summary(self) -> str:
        """Return a line for `systemctl status`."""
        roster = self._roster
        line = f"{len(roster.ready_of(roster.current))} of {roster.desired} workers ready"
        trouble = self._succession.trouble
        return f"{line}; the last reload failed: {trouble}" if trouble else line

    def _take_signals(self) -> None:
        self._signals = SignalQueue(HANDLED)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        self._family.private_fds |= self._signals.fds
        self._poll.register(self._signals.fd, select.POLLIN)

    def _wait(self) -> None:
        """Wait for a signal or a word, at most until something is due."""
        now_s = time.monotonic()
        self._segment.words[MASTER_TURNED_NS_WORD] = time.monotonic_ns()
        others = (self._roster, self._guardian, self._notifier)
        recycling_s = self._recycler.wait_s(self._plan.server, now_s)
        waits = [TURN_S, recycling_s, self._warden.wait_s(), *(other.wait_s(now_s) for other in others)]
        if self._stop_at_s is not None and not self._roster.is_stopping:
            waits.append(max(0.0, self._stop_at_s - now_s))
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
            self._roster.reload()
            self._report()  # before it is refused: who asked waits for this word
        elif number is signal.SIGTTIN:
            self._roster.scale(+1)
        elif number is signal.SIGTTOU:
            self._roster.scale(-1)
        elif number is signal.SIGUSR1:
            self._guardian.reopen()
        elif number is signal.SIGWINCH and not has_terminal():
            log.info("server.resting pid=%d: TTIN or HUP starts workers again", os.getpid())
            self._roster.rest()
        elif number is signal.SIGUSR2:
            self._begin_handover()

    # Stopping

    def _on_term(self) -> None:
        """Stop gracefully, after the `drain_s` in which a balancer may notice; asked twice means quickly."""
        drain_s = self._plan.server.drain_s
        if self._stop_at_s is not None:
            self._quit()
        elif drain_s and self._has_served:
            log.info("server.draining pid=%d signal=TERM drain_s=%.1f", os.getpid(), drain_s)
            self._recorder.set_state(WorkerState.DRAINING)  # who asks for readiness hears it from now on
            self._stop_at_s = time.monotonic() + drain_s
            self._handover.call_off()
            self._notifier.extend(drain_s + NOTICE_S)
        else:
            self._stop_gracefully()

    def _stop_the_drained(self) -> None:
        is_due = self._stop_at_s is not None and time.monotonic() >= self._stop_at_s
        if is_due and not self._roster.is_stopping:
            self._stop_gracefully()

    def _stop_gracefully(self) -> None:
        log.info("server.stopping pid=%d signal=TERM", os.getpid())
        self._stop(_patience_s(self._plan))

    def _stop(self, patience_s: float) -> None:
        self._handover.call_off()
        self._nursery.stop_errands()
        self._roster.stop(patience_s, time.monotonic())
        self._notifier.extend(patience_s + AGENT_STOP_S + NOTICE_S)
        self._recorder.set_state(WorkerState.DRAINING)
        # The workers take what waits in the queues; who comes later is refused and may ask elsewhere.
        for listener in self._listeners:
            listener.close(unlink=True)

    def _quit(self) -> None:
        self._stop(QUICK_STOP_S)
        for member in self._roster.members.values():
            send_signal(member.pid, signal.SIGQUIT)
        self._handover.call_off(signal.SIGQUIT)

    # Another program in our place

    def _begin_handover(self) -> None:
        """Start the program anew; it takes over when its workers are ready."""
        if self._phase() is Phase.STOPPING:
            log.warning("server.handover_ignored pid=%d: it stops", os.getpid())
            return
        ops = [self._plan.ops] if self._plan.ops else []
        self._handover.begin(self._plan.execute, [*self._listeners, *ops])

    def _look_after_handover(self) -> None:
        successor_pid = self._handover.pid
        if not self._handover.is_done():
            return
        self._segment.words[SUCCESSOR_PID_WORD] = successor_pid
        self._notifier.hand_over(successor_pid)
        self._notifier = Notifier()  # the service is another process by now
        for listener in (*self._listeners, self._plan.ops):
            if listener is not None:
                listener.close()  # without unlinking: its path is the successor's
        self._stop(_patience_s(self._plan))

    # Commands

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, StartWorker):
            self._start_worker(command)
        elif isinstance(command, ImportGeneration):
            self._import(command)
        elif isinstance(command, ReleaseGeneration):
            self._nursery.dismiss(command.generation)
        elif isinstance(command, ConcludeReload):
            self._conclude_reload(command.generation)
        elif isinstance(command, KillWorker):
            self._warden.kill(self._roster.members[command.pid], "it did not stop in time")
        else:
            send_signal(command.pid, signal.SIGTERM)

    def _start_worker(self, command: StartWorker) -> None:
        try:
            pid = self._nursery.start(command)
        except OSError as error:  # no more processes, no more memory: not for ever
            delay_s = self._roster.not_started(command, time.monotonic())
            log.error("worker.start_failed error=%r retry_in_s=%.1f", error.strerror, delay_s)
            return
        if pid:
            self._on_born(command, pid)
        else:
            self._roster.asked(command)

    def _import(self, command: ImportGeneration) -> None:
        if command.generation != self._roster.successor:
            self._succession.begin_first(command.generation)
        elif not self._succession.begin(command.generation):
            return
        try:
            has_template = self._nursery.prepare(command, self._succession.next_plan)
        except OSError as error:
            delay_s = self._roster.not_imported(command.generation, time.monotonic())
            log.error("template.start_failed error=%r retry_in_s=%.1f", error.strerror, delay_s)
            return
        if not has_template:
            self._roster.template_exited(command.generation)
            self._roster.imported(command.generation, is_kept=False)

    def _conclude_reload(self, generation: int) -> None:
        before = self._succession.conclude(generation)
        self._nursery.call_ready_hook(generation)
        plan = self._plan
        self._roster.patience_s = _patience_s(plan)
        self._warden.follow(plan.server)
        # The agent's ops port says how many threads there are.
        if (before.agent, before.server.threads) != (plan.agent, plan.server.threads):
            self._guardian.replace(plan)

    @property
    def _plan(self) -> ServePlan:
        """The plan in force."""
        return self._succession.plan

    # What is heard

    def _hear(self, words: Iterable[Word]) -> None:
        for word in words:
            self._on_word(word)

    def _on_word(self, word: Word) -> None:
        if isinstance(word, WorkerBorn):
            self._on_born(word.command, word.pid)
        elif isinstance(word, WorkerReady):
            self._on_ready(word.pid)
        elif isinstance(word, WorkerFailed):
            self._on_boot_failed(word)
        elif isinstance(word, GenerationImported):
            self._roster.imported(word.generation, is_kept=word.is_kept)
        elif isinstance(word, GenerationFailed):
            self._on_import_failed(word.generation, word.reason)
        elif isinstance(word, TemplateExited):
            mark_gone(self._segment, word.slot)
            self._roster.template_exited(word.generation)
        else:
            delay_s = self._roster.not_started(word.command, time.monotonic())
            if not self._roster.is_stopping:  # else its template was ended before it could
                log.error("worker.start_failed error='its template bore none' retry_in_s=%.1f", delay_s)

    def _on_born(self, command: StartWorker, pid: int) -> None:
        self._roster.started(command, pid, time.monotonic())
        if self._has_served:  # until then `worker.ready` says enough: a start that fails should say one thing
            log.info("worker.started slot=%d pid=%d generation=%d", command.slot, pid, command.generation)

    def _on_ready(self, pid: int) -> None:
        member = self._roster.members.get(pid)
        if member is None:
            return
        self._roster.ready(pid)
        log.info(
            "worker.ready slot=%d pid=%d boot_s=%.2f", member.slot, pid, time.monotonic() - member.started_s
        )
        ready = self._roster.ready_of(member.generation)
        if not self._has_served and len(ready) >= self._roster.desired:
            self._has_served = True
            self._succession.has_served(member.generation)
            self._nursery.call_ready_hook(member.generation)
            self._recorder.set_state(WorkerState.READY)
            names = [str(listener) for listener in self._listeners]
            log.info("server.ready pid=%d workers=%d addresses=%s", os.getpid(), len(ready), ",".join(names))
            if self._plan.inheritance:
                self._plan.inheritance.report_ready(filter(None, (*self._listeners, self._plan.ops)))
            self._plan.announce(names)

    def _on_import_failed(self, generation: int, reason: str) -> None:
        if generation == self._roster.successor:
            self._succession.refuse(generation, reason)
        elif not self._has_served:
            self._succession.log_boot_failure("template.boot_failed", reason, has_served=False)
            self._give_up(reason)

    def _on_boot_failed(self, word: WorkerFailed) -> None:
        if self._status:  # one has said it for all
            return
        event = f"worker.boot_failed pid={word.pid}"
        self._succession.log_boot_failure(event, word.reason, has_served=self._has_served)
        member = self._roster.members.get(word.pid)
        if member is not None and word.is_hung:
            self._warden.kill(member, "it was not ready in time")
        if member is not None and member.generation == self._roster.successor:
            self._succession.refuse(member.generation, word.reason)
        elif not self._has_served:
            self._give_up(word.reason)

    def _give_up(self, reason: str) -> None:
        """The application never ran: say why where the operator looks, and end with a status that says so."""
        if not self._roster.is_stopping:
            *stack, line = reason.splitlines()
            sys.stderr.write("\n".join([*stack, f"penstock: {line}\n"]))
            self._status = START_FAILED_STATUS
            self._quit()

    # Deaths

    def _reap(self) -> None:
        """Collect every child that has ended."""
        for pid, wait_status in self._family.reap():
            self._hear(self._nursery.listen())  # its last word comes before its death
            if pid == self._handover.pid:
                self._handover.failed(wait_status)
                continue
            if pid == self._guardian.pid:
                self._guardian.ended(wait_status)
                continue
            self._hear(self._nursery.reaped(pid, wait_status))
            is_reload = pid in self._roster.members and (
                self._roster.members[pid].generation == self._roster.successor
            )
            member = self._roster.exited(pid, time.monotonic())
            if member is not None:
                self._on_worker_exited(member, wait_status, is_reload=is_reload)

    def _on_worker_exited(self, member: Member, wait_status: int, *, is_reload: bool) -> None:
        lived_s = time.monotonic() - member.started_s
        how = how_it_ended(wait_status)
        expected = member.state is State.DRAINING or self._roster.is_stopping
        is_quiet = expected and wait_status in {0, signal.SIGTERM}  # one that still booted dies of our TERM
        level = logging.DEBUG if self._status else logging.INFO if is_quiet else logging.ERROR
        if not is_quiet:
            number = os.WTERMSIG(wait_status) if os.WIFSIGNALED(wait_status) else 0
            how = f"{how} {self._warden.explain(member, number)}".rstrip()
        wait_s = self._roster.wait_s(time.monotonic())
        restart = f" restart_in_s={wait_s:.1f}" if wait_s and not expected else ""
        log.log(
            level,
            "worker.exited slot=%d pid=%d %s lived_s=%.1f%s",
            member.slot,
            member.pid,
            how,
            lived_s,
            restart,
        )
        mark_gone(self._segment, member.slot)
        if member.state is not State.BOOTING or expected:
            return
        reason = f"worker {member.pid} {how} while it imported the application"
        if is_reload:
            self._succession.refuse(member.generation, reason)
        elif not self._has_served:
            self._give_up(reason)


def _patience_s(plan: ServePlan) -> float:
    """Return how long a worker may take to leave: it keeps to graceful_timeout_s by itself, if it can."""
    return plan.server.graceful_timeout_s + QUICK_STOP_S


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
