"""The master: owns listeners, signals, the roster and the shared memory.

It runs no application code, no threads and no HTTP, so that nothing an application
does can hurt it.  It asks the roster what to do and does it.

In:     signals, deaths, words on the readiness pipes.
Out:    forks and signals; an exit status.
Never:  imports the application, accepts a connection.

    TERM  finish and stop      INT, QUIT  stop now        HUP   new workers, then the old ones leave
    TTIN  one worker more      TTOU       one worker less USR1  the agent reopens its files
"""

import contextlib
import dataclasses
import logging
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIApplication

from penstock.config import ProtocolConfig, ServerConfig, TelemetryConfig, WSGIConfig
from penstock.server.address import parse_address
from penstock.server.backoff import Backoff
from penstock.server.errors import StartError
from penstock.server.lifecycle import State
from penstock.server.listener import Listener, open_listeners
from penstock.server.process import Identity, forget_parent, parse_identity
from penstock.server.roster import Command, Member, Roster, StartWorker
from penstock.server.signals import SignalQueue
from penstock.server.worker import FAILED, READY, Assignment, run_worker
from penstock.telemetry import Recorder, Segment, WorkerState, mark_gone, route_logging

log = logging.getLogger("penstock.server")

# Two generations of the wanted workers, and room for TTIN.
SPARE_SLOTS: Final = 8
# After QUIT a worker has nothing to wait for.
QUICK_STOP_S: Final = 2.0
# The agent has at most a ring a worker to write out.
AGENT_STOP_S: Final = 10.0
START_FAILED_STATUS: Final = 1

HANDLED: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
)

RunAgent = Callable[[Segment, int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """What to serve and how.

    Attributes:
        server: with a number of workers: 0, "as many as there are CPUs", was settled before.
        load: imports and returns the application; called in each worker.
        run_agent: the agent's main function: (segment, wake_fd, master's pid); called in its process.
        announce: told, once, the addresses when all workers are ready.
    """

    server: ServerConfig
    protocol: ProtocolConfig
    wsgi: WSGIConfig
    telemetry: TelemetryConfig
    load: Callable[[], WSGIApplication]
    run_agent: RunAgent
    announce: Callable[[Sequence[str]], None]


def serve(plan: ServePlan) -> int:
    """Serve until told to stop; returns the exit status of the process.

    Raises:
        StartError: an address, user, group or umask of the configuration cannot be used.
    """
    identity = parse_identity(plan.server.user, plan.server.group, plan.server.umask)
    addresses = [parse_address(word) for word in plan.server.bind]
    listeners = open_listeners(addresses, plan.server.backlog, 0o666 & ~(identity.umask or 0))
    try:
        with _pid_file(plan.server.pid_file):
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
        self._identity = identity
        self._listeners = listeners
        desired = plan.server.workers
        slots = 2 * desired + SPARE_SLOTS
        self._segment = _create_segment(slots + 1, plan.server.threads + 1, plan.telemetry.ring_bytes)
        self._roster = Roster(slots, desired)
        self._recorder = Recorder(self._segment, 0)
        self._recorder.reset(os.getpid(), 0)
        self._readiness: dict[int, int] = {}  # fd -> pid
        self._agent_pid = 0
        self._agent_started_s = 0.0
        self._agent_backoff = Backoff()
        self._agent_not_before_s = 0.0
        self._has_served = False
        self._status = 0
        self._kill_at_s: float | None = None
        self._stop_at_s: float | None = None  # the end of drain_s
        self._lifeline = os.pipe2(os.O_CLOEXEC)
        self._poll = select.poll()

    def run(self) -> int:
        """Serve until told to stop; returns the exit status."""
        route_logging(self._recorder)
        logging.getLogger("penstock").setLevel(logging.INFO)
        self._signals = SignalQueue(HANDLED)
        self._poll.register(self._signals.fd, select.POLLIN)
        self._start_agent()
        while not (self._roster.is_stopping and not self._roster.members):
            for command in self._roster.plan(time.monotonic()):
                self._carry_out(command)
            self._wait()
            self._read_readiness()
            for number in self._signals.take():
                self._on_signal(number)
            self._stop_the_drained()
            self._kill_the_late()
        if not self._status:
            log.info("server.stopped pid=%d", os.getpid())
        self._recorder.set_state(WorkerState.GONE)
        self._stop_agent()
        return self._status

    # Waiting

    def _wait(self) -> None:
        now_s = time.monotonic()
        waits = [self._roster.wait_s(now_s)]
        if self._stop_at_s is not None and not self._roster.is_stopping:
            waits.append(max(0.0, self._stop_at_s - now_s))
        if self._kill_at_s is not None:
            waits.append(max(0.0, self._kill_at_s - now_s))
        if not self._agent_pid:
            waits.append(max(0.0, self._agent_not_before_s - now_s))
        known = [wait for wait in waits if wait is not None]
        self._poll.poll(min(known) * 1000 + 1 if known else None)
        if not self._agent_pid and time.monotonic() >= self._agent_not_before_s:
            self._start_agent()

    def _stop_the_drained(self) -> None:
        is_due = self._stop_at_s is not None and time.monotonic() >= self._stop_at_s
        if is_due and not self._roster.is_stopping:
            self._stop_gracefully()

    def _kill_the_late(self) -> None:
        if self._kill_at_s is None or time.monotonic() < self._kill_at_s:
            return
        self._kill_at_s = None
        for member in self._roster.members.values():
            log.warning("worker.killed slot=%d pid=%d: it did not stop in time", member.slot, member.pid)
            _signal(member.pid, signal.SIGKILL)

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
        elif number is signal.SIGUSR1 and self._agent_pid:
            _signal(self._agent_pid, signal.SIGUSR1)
        elif number is signal.SIGUSR2:  # elsewhere "new binary"; its default would end us without a word
            log.warning("server.signal_ignored pid=%d signal=USR2", os.getpid())

    def _on_term(self) -> None:
        """Stop gracefully, after the `drain_s` in which a balancer may notice; asked twice means quickly."""
        drain_s = self._plan.server.drain_s
        if self._stop_at_s is not None:
            self._quit()
        elif drain_s:
            log.info("server.draining pid=%d signal=TERM drain_s=%.1f", os.getpid(), drain_s)
            self._stop_at_s = time.monotonic() + drain_s
        else:
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
            _signal(member.pid, signal.SIGQUIT)

    # Workers

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, StartWorker):
            self._start_worker(command)
        else:
            _signal(command.pid, signal.SIGTERM)

    def _start_worker(self, command: StartWorker) -> None:
        ready_fd, worker_fd = os.pipe2(os.O_CLOEXEC)
        try:
            pid = self._fork()
        except OSError as error:  # no more processes, no more memory: not for ever
            os.close(ready_fd)
            os.close(worker_fd)
            delay_s = self._roster.not_started(time.monotonic())
            log.error("worker.start_failed error=%r retry_in_s=%.1f", error.strerror, delay_s)
            return
        if not pid:
            self._leave_master()
            os.close(ready_fd)
            run_worker(self._assignment(command, worker_fd))
        os.close(worker_fd)
        self._readiness[ready_fd] = pid
        self._poll.register(ready_fd, select.POLLIN)
        self._roster.started(command, pid, time.monotonic())
        if self._has_served:  # until then `worker.ready` says enough: a start that fails should say one thing
            log.info("worker.started slot=%d pid=%d generation=%d", command.slot, pid, command.generation)

    def _assignment(self, command: StartWorker, worker_fd: int) -> Assignment:
        plan = self._plan
        return Assignment(
            server=plan.server,
            protocol=plan.protocol,
            wsgi=plan.wsgi,
            load=plan.load,
            segment=self._segment,
            listeners=self._listeners,
            identity=self._identity,
            slot=command.slot,
            generation=command.generation,
            is_alone=self._roster.desired == 1,
            ready_fd=worker_fd,
            lifeline_fd=self._lifeline[0],
        )

    def _fork(self) -> int:
        """Fork; the child keeps signals blocked until it has handlers of its own (`forget_parent`).

        Until then it has the master's: a signal for the child would be taken for one of the master's.

        Raises:
            OSError: there can be no more processes now.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        return pid

    def _leave_master(self) -> None:
        """In a child: let go of what is the master's."""
        logging.getLogger().handlers.clear()
        signal.set_wakeup_fd(-1)
        self._signals.close()
        os.close(self._lifeline[1])
        for fd in self._readiness:
            os.close(fd)

    def _read_readiness(self) -> None:
        """Take the words of booting workers; a pipe that closes without one belongs to a dead worker."""
        for fd, pid in list(self._readiness.items()):
            if not select.select([fd], [], [], 0)[0]:
                continue
            word = os.read(fd, select.PIPE_BUF)
            self._poll.unregister(fd)
            os.close(fd)
            del self._readiness[fd]
            if word == READY:
                self._on_ready(pid)
            elif word.startswith(FAILED):
                self._on_boot_failed(pid, word[1:].decode("utf-8", "replace"))

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
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._read_readiness()  # its last word comes before its death
            if pid == self._agent_pid:
                self._on_agent_ended(_how_it_ended(wait_status))
                continue
            member = self._roster.exited(pid, time.monotonic())
            if member is not None:
                self._on_worker_exited(member, wait_status)

    def _on_worker_exited(self, member: Member, wait_status: int) -> None:
        lived_s = time.monotonic() - member.started_s
        how = _how_it_ended(wait_status)
        expected = member.state is State.DRAINING or self._roster.is_stopping
        is_quiet = expected and wait_status in {0, signal.SIGTERM}  # one that still booted dies of our TERM
        level = logging.DEBUG if self._status else logging.INFO if is_quiet else logging.ERROR
        wait_s = self._roster.wait_s(time.monotonic())
        if wait_s:
            how += f" restart_in_s={wait_s:.1f}"
        log.log(level, "worker.exited slot=%d pid=%d %s lived_s=%.1f", member.slot, member.pid, how, lived_s)
        mark_gone(self._segment, member.slot)
        if not self._has_served and member.state is State.BOOTING:
            self._give_up(f"penstock: worker {member.pid} {how} while it imported the application")

    # The agent

    def _start_agent(self) -> None:
        self._agent_started_s = time.monotonic()
        try:
            self._agent_pid = self._fork()
        except OSError as error:
            self._on_agent_ended(f"error={error.strerror!r}")
            return
        if self._agent_pid:
            return
        status = 1
        try:
            self._leave_master()
            # Told to stop while it still imports, it must write what the rings hold: run_agent unblocks them.
            forget_parent(-1, blocked=(signal.SIGTERM, signal.SIGUSR1))
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C: the master says when
            self._identity.assume()
            for listener in self._listeners:
                listener.close()
            self._plan.run_agent(self._segment, self._segment.wake_fd, os.getppid())
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may return into the master's code
            traceback.print_exc()
        finally:
            os._exit(status)

    def _on_agent_ended(self, how: str) -> None:
        """See that there is an agent again, while the server stops too: the last lines are still to come."""
        self._agent_pid = 0
        now_s = time.monotonic()
        delay_s = self._agent_backoff.died(now_s - self._agent_started_s)
        self._agent_not_before_s = now_s + delay_s
        log.error("agent.exited %s restart_in_s=%.1f", how, delay_s)

    def _stop_agent(self) -> None:
        """Let the agent write out what the rings hold; it is the last to leave."""
        if not self._agent_pid:
            self._start_agent()  # it died a moment ago, and what it had not written is still in the rings
        _signal(self._agent_pid, signal.SIGTERM)
        give_up_s = time.monotonic() + AGENT_STOP_S
        while time.monotonic() < give_up_s:
            pid, _ = os.waitpid(self._agent_pid, os.WNOHANG)
            if pid:
                return
            self._poll.poll(50)
            self._signals.take()
        _signal(self._agent_pid, signal.SIGKILL)
        os.waitpid(self._agent_pid, 0)


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


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _how_it_ended(wait_status: int) -> str:
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        try:
            return f"signal={signal.Signals(number).name}"
        except ValueError:
            return f"signal={number}"
    return f"status={os.WEXITSTATUS(wait_status)}"


@contextlib.contextmanager
def _pid_file(path: str) -> Iterator[None]:
    """Hold a file with our pid while serving.

    Raises:
        StartError: the file cannot be written, or a running process is named in it.
    """
    if not path:
        yield
        return
    file = Path(path)
    _refuse_running(file)
    try:
        file.write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise StartError(f"pid file {path!r}: {error.strerror}; expected a writable place") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            if int(file.read_text()) == os.getpid():
                file.unlink()


def _refuse_running(file: Path) -> None:
    try:
        pid = int(file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return
    if pid != os.getpid():
        raise StartError(
            f"pid file {str(file)!r} names process {pid}, which is running; expected no other server"
        )
