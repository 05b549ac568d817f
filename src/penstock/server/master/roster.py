"""Which workers there are, which there should be, and what to do about the difference.

The master tells the roster what happened and carries out what `plan` answers.  Workers belong to a
generation: all that were made from one import of the application.

    current    serves; what dies of it is replaced
    successor  a reload in the making; becomes current when all its workers are ready, and only then
               are those of its predecessor asked to stop; if it cannot boot it goes and nothing has happened
    older      were asked to stop and finish what they have; the next reload waits for them, so that never
               more than two generations are live

Where two generations do not fit into memory at once, `surge` limits how many workers there may be beyond the
desired ones, and the change of generation is made worker by worker.

A worker that is to be replaced (recycled, or lost to a deadline) goes when its successor is ready: one at a
time, and never during a reload, which replaces everybody anyway.

In:     facts: born, ready, exited, imported, scale, reload, replace, stop.
Out:    commands.
Never:  forks, signals, sleeps or reads a clock.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Final

from penstock.server.master.backoff import Backoff
from penstock.server.master.lifecycle import Event, State, next_state

# Of two generations: a template each, and a worker each that is being replaced.
RESERVED_SLOTS: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class ImportGeneration:
    """Have the application imported for a new generation; its template gets this slot."""

    slot: int
    generation: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReleaseGeneration:
    """Nobody of this generation will be wanted any more: let its template go."""

    generation: int


@dataclasses.dataclass(frozen=True, slots=True)
class ConcludeReload:
    """The reload has succeeded: this generation serves now."""

    generation: int


@dataclasses.dataclass(frozen=True, slots=True)
class StartWorker:
    """Fork a worker into this slot of the shared memory."""

    slot: int
    generation: int


@dataclasses.dataclass(frozen=True, slots=True)
class StopWorker:
    """Ask this worker to finish what it has and leave."""

    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class KillWorker:
    """This worker was asked to leave and has not: make an end of it."""

    pid: int
    slot: int


Command = ImportGeneration | ReleaseGeneration | ConcludeReload | StartWorker | StopWorker | KillWorker


@dataclasses.dataclass(slots=True)
class Member:
    """One worker process.

    Attributes:
        leave_by_s: when it is killed, having been asked to leave (monotonic).
    """

    pid: int
    slot: int
    generation: int
    started_s: float
    state: State = State.BOOTING
    leave_by_s: float = math.inf


@dataclasses.dataclass(slots=True)
class Generation:
    """One import of the application.

    Attributes:
        slot: of its template.
        is_imported: whether workers of it can be started.
        is_kept: whether a template holds its code, so that they can be started whatever is on disk by then.
        is_released: whether its template was let go of.
    """

    number: int
    slot: int
    is_imported: bool = False
    is_kept: bool = False
    is_released: bool = False


class Roster:
    """The workers of one master.

    Args:
        slots: the highest slot number; slot 0 is the master's own.
        desired: how many workers should be ready.
        patience_s: how long one that was asked to stop may take.

    Attributes:
        current: number of the generation that serves.
        successor: number of the generation that a reload is making, or None.
        successor_desired: how many workers that one shall have.
        surge: how many workers there may be beyond the desired ones while generations change; `slots` = as
            many as there is room for.
        is_idle: whether no workers are wanted until somebody asks for them.
        unborn: by slot, workers that were asked of a template and have not shown themselves yet.
    """

    def __init__(self, slots: int, desired: int, patience_s: float = math.inf) -> None:
        self.slots = slots
        self.patience_s = patience_s
        self.desired = desired
        self.current = 1
        self.successor: int | None = None
        self.successor_desired = desired
        self.surge = slots
        self.members: dict[int, Member] = {}
        self.unborn: dict[int, StartWorker] = {}
        self.is_stopping = False
        self.is_idle = False
        self._generations: dict[int, Generation] = {}
        self._last_number = 1
        self._reload_wanted = False
        self._to_replace: list[int] = []  # pids, first first
        self._urgent: set[int] = set()
        self._backoff = Backoff()
        self._not_before_s = 0.0  # the machine had no room for a process
        self._restart_at_s = 0.0  # workers of the current generation have died too often

    # What to do

    def plan(self, now_s: float) -> list[Command]:
        """Return what to do now; call again after each fact and when `wait_s` has passed."""
        commands = self._late(now_s)
        if self.is_stopping:
            return [*commands, *self._stop_all(self.members.values(), now_s), *self._releases()]
        if self._reload_wanted and self._may_reload():
            self._begin_reload()
        commands += self._imports(now_s)
        commands += self._conclusion(now_s)
        commands += self._surplus(now_s)
        commands += self._releases()
        return commands + self._missing(now_s)

    def wait_s(self, now_s: float) -> float | None:
        """Return the seconds until a delayed start or a killing is due, or None."""
        due_s = min((member.leave_by_s for member in self.members.values()), default=math.inf)
        if not self.is_stopping:
            due_s = min(due_s, *self._starts_due_s())
        return None if due_s == math.inf else max(0.0, due_s - now_s)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is left, nor may show himself yet."""
        return not (self.members or self.unborn or self._generations)

    def of_generation(self, generation: int | None) -> list[Member]:
        """Return the members of `generation` that were not asked to stop, oldest first."""
        return [
            m for m in self.members.values() if m.generation == generation and m.state is not State.DRAINING
        ]

    def ready_of(self, generation: int | None) -> list[Member]:
        """Return those of them that are ready."""
        return [member for member in self.of_generation(generation) if member.state is State.READY]

    @property
    def is_reloading(self) -> bool:
        """Whether a reload is wanted or being made."""
        return self._reload_wanted or self.successor is not None

    # Wishes

    def scale(self, difference: int) -> None:
        """Want more or fewer workers; at least one, at most what fits twice: a reload needs as many again."""
        if self.is_idle and difference > 0:
            self.is_idle = False
            return
        self.desired = self.within_bounds(self.desired + difference)
        self.successor_desired = self.within_bounds(self.successor_desired + difference)

    def within_bounds(self, count: int) -> int:
        """Return the number of workers nearest to `count` for which there are slots."""
        return min(max(1, count), max(1, (self.slots - RESERVED_SLOTS) // 2))

    def reload(self) -> None:
        """Want a new generation; requests during a reload become one further reload."""
        self.is_idle = False
        self._reload_wanted = True

    def replace(self, pid: int, *, is_urgent: bool = False) -> bool:
        """Want another worker instead of this one: the successor is ready before it is asked to stop.

        Args:
            pid: of a member; one that was asked to stop, or is to be replaced already, is left alone.
            is_urgent: whether it goes before those that are only due for recycling, and does not wait until
                the last one that was replaced has left.

        Returns:
            Whether it is news.
        """
        member = self.members.get(pid)
        if member is None or member.state is State.DRAINING or pid in self._to_replace:
            return False
        self._to_replace.insert(0 if is_urgent else len(self._to_replace), pid)
        if is_urgent:
            self._urgent.add(pid)
        return True

    def rest(self) -> None:
        """Want no workers until `scale` or `reload` asks for them again."""
        self.is_idle = True

    def stop(self, patience_s: float, now_s: float) -> None:
        """Want nobody; asked again with less patience, those that are leaving have less time, too."""
        self.is_stopping = True
        self.patience_s = patience_s
        for member in self.members.values():
            if member.state is State.DRAINING:
                member.leave_by_s = min(member.leave_by_s, now_s + patience_s)

    # Facts about generations

    def imported(self, generation: int, *, is_kept: bool) -> None:
        """Record that workers of a generation can be started; `is_kept`: from a template."""
        record = self._generations.get(generation)
        if record is not None:
            record.is_imported, record.is_kept = True, is_kept

    def not_imported(self, generation: int, now_s: float) -> float:
        """Record that the import could not even begin; returns the seconds to wait before the next try."""
        del self._generations[generation]
        return self._delay(now_s)

    def abandon(self, generation: int | None) -> None:
        """Record that the successor cannot boot: its workers go, and the current generation goes on."""
        if generation == self.successor:
            self.successor = None

    def template_exited(self, generation: int) -> None:
        """Record that the template of a generation has gone; its slot is free."""
        record = self._generations.get(generation)
        if record is None:
            return
        record.is_kept = False
        record.slot = 0
        if record.is_released or self.is_stopping:
            del self._generations[generation]

    # Facts about workers

    def asked(self, command: StartWorker) -> None:
        """Record that a template was asked for a worker."""
        self.unborn[command.slot] = command

    def started(self, command: StartWorker, pid: int, now_s: float) -> None:
        """Record that `command` was carried out."""
        self.unborn.pop(command.slot, None)
        self.members[pid] = Member(pid, command.slot, command.generation, now_s)

    def not_started(self, command: StartWorker, now_s: float) -> float:
        """Record that a worker could not be forked; returns the seconds to wait before the next try."""
        self.unborn.pop(command.slot, None)
        return self._delay(now_s)

    def ready(self, pid: int) -> None:
        """Record that a worker accepts connections."""
        member = self.members.get(pid)
        if member is not None:
            member.state = next_state(member.state, Event.REPORTED_READY)

    def exited(self, pid: int, now_s: float) -> Member | None:
        """Record that a worker was reaped; returns it as it was before, or None for a stranger."""
        member = self.members.pop(pid, None)
        if pid in self._to_replace:
            self._to_replace.remove(pid)
        self._urgent.discard(pid)
        if member is None or self.is_stopping or member.state is State.DRAINING:
            return member
        if member.state is State.BOOTING and member.generation == self.successor:
            self.abandon(member.generation)
        else:
            self._restart_at_s = now_s + self._backoff.died(now_s - member.started_s)
        return member

    def _delay(self, now_s: float) -> float:
        delay_s = self._backoff.died(0.0)
        self._not_before_s = now_s + delay_s
        return delay_s

    # Generations

    def _may_reload(self) -> bool:
        """Whether no other reload is being made, and the last predecessors have left."""
        others = [m.generation for m in self.members.values()] + [c.generation for c in self.unborn.values()]
        return self.successor is None and all(generation == self.current for generation in others)

    def _begin_reload(self) -> None:
        self._reload_wanted = False
        self._last_number += 1
        self.successor = self._last_number
        self.successor_desired = self.desired
        self.surge = self.slots
        self._not_before_s = 0.0

    def _imports(self, now_s: float) -> list[Command]:
        if now_s < self._not_before_s:
            return []
        commands: list[Command] = []
        free = reversed(list(self._free_slots()))  # the low ones stay with the workers that people look at
        for number, slot in zip(self._not_imported(), free, strict=False):
            self._generations[number] = Generation(number, slot)
            commands.append(ImportGeneration(slot, number))
        return commands

    def _not_imported(self) -> list[int]:
        wanted = (self.current, self.successor)
        return [number for number in wanted if number is not None and number not in self._generations]

    def _conclusion(self, now_s: float) -> list[Command]:
        """Make the successor current if all its workers are ready."""
        if self.successor is None or len(self.ready_of(self.successor)) < self.successor_desired:
            return []
        self.current, self.successor = self.successor, None
        self.desired = self.successor_desired
        self._backoff = Backoff()
        older = [m for m in self.members.values() if m.generation != self.current]
        # One of the new ones may be lost already: nobody will say so again.
        self._to_replace = [pid for pid in self._to_replace if self.members[pid] not in older]
        return [*self._stop_all(older, now_s), ConcludeReload(self.current)]

    def _releases(self) -> list[Command]:
        """Let go of templates that no generation in use needs."""
        wanted = set() if self.is_stopping else {self.current, self.successor}
        commands: list[Command] = []
        for record in list(self._generations.values()):
            if record.number in wanted or record.is_released:
                continue
            record.is_released = True
            if not record.slot:  # its template has gone before
                del self._generations[record.number]
            commands.append(ReleaseGeneration(record.number))
        return commands

    # Numbers

    def _is_rolling(self) -> bool:
        return self.successor is not None and self.surge < self.successor_desired

    def _wanted_of_current(self) -> int:
        """Return how many workers of the current generation there should be now."""
        if self.is_idle:
            return 0
        if self._is_rolling():
            return max(0, self.desired - len(self.ready_of(self.successor)))
        return self.desired + self._is_replacing()

    def _is_replacing(self) -> bool:
        """Whether the first in the queue has its turn: nobody else is leaving, and there is no reload."""
        if not self._to_replace or self.successor is not None:
            return False
        is_leaving = any(member.state is State.DRAINING for member in self.members.values())
        return self._to_replace[0] in self._urgent or not is_leaving

    def _surplus(self, now_s: float) -> list[Command]:
        """Stop what no generation wants: too many of the current one, and all of an abandoned one."""
        commands = self._replaced(now_s)
        current = self.of_generation(self.current)
        wanted = {self.current, self.successor}
        strangers = [m for m in self.members.values() if m.generation not in wanted]
        youngest = current[self._wanted_of_current() :]
        if self._is_rolling():  # the oldest go first, and their successors stand by
            youngest = current[: max(0, len(current) - self._wanted_of_current())]
        return [*commands, *self._stop_all([*youngest, *strangers], now_s)]

    def _replaced(self, now_s: float) -> list[Command]:
        """Stop the first in the queue if one more than desired is ready."""
        if not self._is_replacing() or len(self.ready_of(self.current)) <= self.desired:
            return []
        return self._stop_all([self.members[self._to_replace.pop(0)]], now_s)

    def _missing(self, now_s: float) -> list[StartWorker]:
        numbers: list[int] = []
        if now_s >= max(self._not_before_s, self._restart_at_s):
            numbers += [self.current] * self._missing_of_current()
        if now_s >= self._not_before_s:  # the successor may be what ends the dying: it does not wait for it
            numbers += [self.successor or 0] * self._missing_of_successor()
        return [StartWorker(slot, number) for number, slot in zip(numbers, self._free_slots(), strict=False)]

    def _starts_due_s(self) -> Iterator[float]:
        """Yield when what is held up may be started."""
        yield math.inf
        if next(self._free_slots(), None) is None:
            return
        if self._not_imported() or self._missing_of_successor():
            yield self._not_before_s
        if self._missing_of_current():
            yield max(self._not_before_s, self._restart_at_s)

    def _missing_of_current(self) -> int:
        record = self._generations.get(self.current)
        if record is None or not record.is_imported:
            return 0
        if self.successor is not None and not record.is_kept:
            return 0  # what is on disk by now is the successor's code
        return max(0, self._wanted_of_current() - self._count(self.current))

    def _missing_of_successor(self) -> int:
        record = self._generations.get(self.successor or 0)
        if record is None or not record.is_imported:
            return 0
        missing = self.successor_desired - self._count(self.successor)
        if self._is_rolling():
            everybody = len(self.members) + len(self.unborn)
            missing = min(missing, max(self.desired, self.successor_desired) + self.surge - everybody)
        return max(0, missing)

    def _count(self, generation: int | None) -> int:
        unborn = sum(command.generation == generation for command in self.unborn.values())
        return len(self.of_generation(generation)) + unborn

    def _free_slots(self) -> Iterator[int]:
        taken = {member.slot for member in self.members.values()} | self.unborn.keys()
        taken |= {record.slot for record in self._generations.values()}
        return (slot for slot in range(1, self.slots + 1) if slot not in taken)

    def _late(self, now_s: float) -> list[Command]:
        """Kill who was asked to leave and has not, once."""
        late = [member for member in self.members.values() if now_s >= member.leave_by_s]
        for member in late:
            member.leave_by_s = math.inf
        return [KillWorker(member.pid, member.slot) for member in late]

    def _stop_all(self, members: Iterable[Member], now_s: float) -> list[Command]:
        commands: list[Command] = []
        for member in members:
            if member.state is not State.DRAINING:
                member.state = next_state(member.state, Event.ASKED_TO_STOP)
                member.leave_by_s = now_s + self.patience_s
                commands.append(StopWorker(member.pid))
        return commands
