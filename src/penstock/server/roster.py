"""Which workers there are, which there should be, and what to do about the difference.

The master tells the roster what happened and carries out what `plan` answers.
A reload is a second generation: the old one is asked to stop only when
every worker of the new one is ready; if one of the new cannot boot, the new ones go instead.

In:     facts: started, ready, exited, scale, reload, stop.
Out:    commands: StartWorker, StopWorker.
Never:  forks, signals, sleeps or reads a clock.
"""

import dataclasses
from collections.abc import Iterable

from penstock.server.backoff import Backoff
from penstock.server.lifecycle import Event, State, next_state


@dataclasses.dataclass(frozen=True, slots=True)
class StartWorker:
    """Fork a worker into this slot of the shared memory."""

    slot: int
    generation: int


@dataclasses.dataclass(frozen=True, slots=True)
class StopWorker:
    """Ask this worker to finish what it has and leave."""

    pid: int


Command = StartWorker | StopWorker


@dataclasses.dataclass(slots=True)
class Member:
    """One worker process."""

    pid: int
    slot: int
    generation: int
    started_s: float
    state: State = State.BOOTING


class Roster:
    """The workers of one master.

    Args:
        slots: the highest slot number; slot 0 is the master's own.
        desired: how many workers should be ready.
    """

    def __init__(self, slots: int, desired: int) -> None:
        self.slots = slots
        self.desired = desired
        self.generation = 1
        self.members: dict[int, Member] = {}
        self.is_stopping = False
        self._previous: int | None = None  # the generation that goes on serving during a reload
        self._reload_wanted = False
        self._last_generation = 1
        self._backoff = Backoff()
        self._not_before_s = 0.0

    @property
    def is_reloading(self) -> bool:
        """Whether two generations are alive on purpose."""
        return self._previous is not None

    def plan(self, now_s: float) -> list[Command]:
        """Return what to do now; call again after each fact and when `wait_s` has passed."""
        if self.is_stopping:
            return self._stop_all(self.members.values())
        if self._reload_wanted and not self.is_reloading:
            self._begin_reload()
        commands = self._finish_reload() if self.is_reloading else []
        commands += self._surplus()
        if now_s >= self._not_before_s:
            commands += self._missing()
        return commands

    def wait_s(self, now_s: float) -> float | None:
        """Return the seconds until a delayed start is due, or None."""
        if self.is_stopping or not self._missing():
            return None
        return max(0.0, self._not_before_s - now_s)

    def started(self, command: StartWorker, pid: int, now_s: float) -> None:
        """Record that `command` was carried out."""
        self.members[pid] = Member(pid, command.slot, command.generation, now_s)

    def not_started(self, now_s: float) -> float:
        """Record that a worker could not be forked; returns the seconds to wait before the next try."""
        delay_s = self._backoff.died(0.0)
        self._not_before_s = now_s + delay_s
        return delay_s

    def ready(self, pid: int) -> None:
        """Record that a worker accepts connections."""
        member = self.members.get(pid)
        if member is not None:
            member.state = next_state(member.state, Event.REPORTED_READY)

    def exited(self, pid: int, now_s: float) -> Member | None:
        """Record that a worker was reaped; returns it as it was before, or None for a stranger."""
        member = self.members.pop(pid, None)
        if member is None or self.is_stopping or member.state is State.DRAINING:
            return member
        if member.state is State.BOOTING and member.generation == self.generation and self.is_reloading:
            self._abandon_reload()
        else:
            self._not_before_s = now_s + self._backoff.died(now_s - member.started_s)
        return member

    def scale(self, difference: int) -> None:
        """Want more or fewer workers; at least one, at most half the slots (a reload needs the rest)."""
        self.desired = min(max(1, self.desired + difference), self.slots // 2)

    def reload(self) -> None:
        """Want a new generation; requests during a reload become one further reload."""
        self._reload_wanted = True

    def stop(self) -> None:
        """Want nobody."""
        self.is_stopping = True

    def of_generation(self, generation: int) -> list[Member]:
        """Return the members of `generation` that were not asked to stop, oldest first."""
        return [
            m for m in self.members.values() if m.generation == generation and m.state is not State.DRAINING
        ]

    def _begin_reload(self) -> None:
        self._reload_wanted = False
        self._previous = self.generation
        self._last_generation += 1
        self.generation = self._last_generation
        self._not_before_s = 0.0

    def _finish_reload(self) -> list[Command]:
        ready = [m for m in self.of_generation(self.generation) if m.state is State.READY]
        if len(ready) < self.desired:
            return []
        self._previous = None
        self._backoff = Backoff()
        return self._stop_all(m for m in self.members.values() if m.generation != self.generation)

    def _abandon_reload(self) -> None:
        assert self._previous is not None  # noqa: S101 - the caller asked is_reloading
        self.generation, self._previous = self._previous, None

    def _surplus(self) -> list[Command]:
        """Stop what no generation wants: too many of the current one, and all of an abandoned one."""
        current = self.of_generation(self.generation)
        wanted = {self.generation, self._previous}
        strangers = [m for m in self.members.values() if m.generation not in wanted]
        return self._stop_all([*current[self.desired :], *strangers])

    def _missing(self) -> list[Command]:
        count = self.desired - len(self.of_generation(self.generation))
        taken = {member.slot for member in self.members.values()}
        free = [slot for slot in range(1, self.slots + 1) if slot not in taken]
        return [StartWorker(slot, self.generation) for slot in free[: max(0, count)]]

    @staticmethod
    def _stop_all(members: Iterable[Member]) -> list[Command]:
        commands: list[Command] = []
        for member in members:
            if member.state is not State.DRAINING:
                member.state = next_state(member.state, Event.ASKED_TO_STOP)
                commands.append(StopWorker(member.pid))
        return commands
