"""Looks after workers that hang: has them judged, ends them, and says why, also when somebody else did.

In:     the members of the roster, the memory in which they write about themselves.
Out:    signals to pids of the roster; log records; access lines of requests that nobody answered.
Never:  judges (overseer.py), forks, or replaces (roster.py: it is told whom).

    a loop that is silent       its stack, a successor; half a second   worker.killed
                                later SIGKILL
    a thread that is lost       replaced, successor first               worker.thread_lost
    an interrupted thread       replaced, successor first               worker.interrupted
"""

import functools
import logging
import signal
from collections.abc import Collection, Iterable
from time import monotonic_ns
from typing import Final

from penstock.config import ServerConfig
from penstock.server.master.family import send_signal
from penstock.server.master.lifecycle import State
from penstock.server.master.oom_killer import OOMKiller
from penstock.server.master.overseer import (
    Cause,
    LostWorker,
    Overseer,
    RequestStack,
    StuckWorker,
    WatchedWorker,
)
from penstock.server.master.roster import Member
from penstock.telemetry import (
    STACK_SIGNAL,
    Outcome,
    Pulse,
    Recorder,
    RunningRequest,
    Segment,
    ask_for_stack,
    read_pulse,
    read_stack,
)
from penstock.telemetry.records.text import without_query

log = logging.getLogger("penstock.server")

NS: Final = 1_000_000_000


class Warden:
    """The master's eye on its workers.

    Args:
        segment: where they show themselves.
        recorder: the master's own, for the records of those that cannot write any more.
        server: how long a request may take.
    """

    def __init__(self, segment: Segment, recorder: Recorder, server: ServerConfig) -> None:
        self._segment = segment
        self._recorder = recorder
        self._overseer = Overseer(server.request_timeout_s, server.request_grace_s)
        self._oom_killer = OOMKiller()
        self._killed: set[int] = set()
        self._stacks: dict[int, list[str]] = {}

    def follow(self, server: ServerConfig) -> None:
        """Judge by this configuration from now on: a reload has brought it."""
        self._overseer.allow(server.request_timeout_s, server.request_grace_s)

    def wait_s(self) -> float | None:
        """Return the seconds until somebody has to be looked at, or None."""
        return self._overseer.wait_s(monotonic_ns())

    def see_to_it(self, members: Collection[Member]) -> list[int]:
        """Look at all members and do what has to be done; returns the pids of those to be replaced."""
        now_ns = monotonic_ns()
        watched = {member.pid: member for member in members if member.state is not State.BOOTING}
        self._forget_all_but({member.pid for member in members})
        workers = [WatchedWorker(m.slot, m.pid, self._pulse(m.slot)) for m in watched.values()]
        lost = []
        for verdict in self._overseer.review(workers, now_ns):
            is_replaceable = watched[verdict.pid].state is State.READY  # else it is on its way out
            if isinstance(verdict, StuckWorker):
                self._end(verdict, now_ns)
                continue
            if isinstance(verdict, RequestStack):
                ask = functools.partial(send_signal, verdict.pid, STACK_SIGNAL)
                self._stacks[verdict.pid] = ask_for_stack(self._segment, ask)
            elif is_replaceable:
                _say_lost(verdict, now_ns)
            if is_replaceable:
                lost.append(verdict.pid)
        return lost

    def kill(self, member: Member, reason: str) -> None:
        """End a worker at once."""
        log.warning("worker.killed slot=%d pid=%d: %s", member.slot, member.pid, reason)
        self._kill(member.pid)
        self._record(self._unanswered(member), member.pid, Outcome.CUT, monotonic_ns())

    def explain(self, member: Member, number: int) -> str:
        """Account for a worker that ended unasked, by signal `number` or 0: by itself.

        The requests that it had not answered go into the access log.

        Returns:
            Who killed it, if it was killed, and inside of which request it ended, to be logged.
        """
        now_ns = monotonic_ns()
        words = [self._killer(member.pid, now_ns)] if number == signal.SIGKILL else []
        if member.pid not in self._killed:
            unanswered = self._unanswered(member)
            self._record(unanswered, member.pid, Outcome.CUT, now_ns)
            words += [_inside(request, now_ns) for request in unanswered[:1]]
        return " ".join(words)

    def _killer(self, pid: int, now_ns: int) -> str:
        if pid in self._killed:
            return "killed_by=master"
        if self._oom_killer.has_struck(now_ns):
            return f"killed_by=kernel reason=out_of_memory oom_kill={self._oom_killer.total_count}"
        return "killed_by=somebody"

    def _kill(self, pid: int) -> None:
        self._killed.add(pid)
        send_signal(pid, signal.SIGKILL)

    def _end(self, verdict: StuckWorker, now_ns: int) -> None:
        """Kill a worker in which nothing runs; say which requests it takes along, and where it stood."""
        unanswered = [request for request in verdict.requests if not request.is_answered]
        inside = _inside(unanswered[0], now_ns) if unanswered else "inside no request"
        log.error(
            "worker.killed slot=%d pid=%d silent_s=%.1f requests=%d %s: nothing in it runs\n%s",
            verdict.slot,
            verdict.pid,
            verdict.silent_ns / NS,
            len(unanswered),
            inside,
            "\n".join(self._stack(verdict.pid)) or "(it shows no stack)",
        )
        self._kill(verdict.pid)
        self._record(unanswered[:1], verdict.pid, Outcome.TIMED_OUT, now_ns)
        self._record(unanswered[1:], verdict.pid, Outcome.CUT, now_ns)

    def _forget_all_but(self, pids: set[int]) -> None:
        self._killed &= pids
        for pid in self._stacks.keys() - pids:
            del self._stacks[pid]

    def _stack(self, pid: int) -> list[str]:
        """Return the stack that was asked for; on a busy machine it comes late."""
        return self._stacks.pop(pid, None) or read_stack(self._segment)

    def _record(self, requests: Iterable[RunningRequest], pid: int, outcome: Outcome, now_ns: int) -> None:
        for request in requests:
            self._recorder.killed(request, pid, outcome, now_ns)

    def _unanswered(self, member: Member) -> list[RunningRequest]:
        """Return the requests that a dead worker was inside of, oldest first."""
        pulse = self._pulse(member.slot)
        running = pulse.running if pulse.pid == member.pid else ()
        return sorted(
            (request for request in running if not request.is_answered), key=lambda request: request.since_ns
        )

    def _pulse(self, slot: int) -> Pulse:
        return read_pulse(self._segment.fd, self._segment.layout, slot)


def _say_lost(verdict: LostWorker, now_ns: int) -> None:
    if verdict.cause is Cause.INTERRUPTED or verdict.request is None:
        log.warning(
            "worker.interrupted slot=%d pid=%d: it will be replaced, what the interruption left is unknown",
            verdict.slot,
            verdict.pid,
        )
    else:
        log.error(
            "worker.thread_lost slot=%d pid=%d thread=%d %s: the worker will be replaced",
            verdict.slot,
            verdict.pid,
            verdict.request.thread,
            _inside(verdict.request, now_ns),
        )


def _inside(request: RunningRequest, now_ns: int) -> str:
    age_s = max(now_ns - request.since_ns, 0) / NS
    return f"request={request.request_id} line={without_query(request.line)!r} age_s={age_s:.1f}"
