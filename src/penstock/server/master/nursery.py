"""Where workers come into the world: generations are imported, workers forked, first words heard.

A worker is forked by the template of its generation; by the master itself where there is no template:
`preload = "off"`, an application in which the audit found hazards, a machine without prctl, a template that
died.

In:     commands of the roster, deaths.
Out:    processes; what they have said.
Never:  decides how many there should be (roster.py) or what their words and deaths mean (master.py).
"""

import dataclasses
import functools
import importlib
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.server.kinship import adopt_orphans
from penstock.server.master.family import Family, how_it_ended, send_signal
from penstock.server.master.roster import ImportGeneration, StartWorker
from penstock.server.master.succession import line_first
from penstock.server.message import (
    FAILED,
    HAZARDS,
    HELLO,
    READY,
    Message,
    Order,
    open_channel,
    receive_message,
    send_order,
)
from penstock.server.plan import Heritage, ServePlan
from penstock.server.template.audit import can_look
from penstock.server.template.errand import SLOT as ERRAND_SLOT
from penstock.server.template.errand import run_errand
from penstock.server.template.template import Seat, run_template
from penstock.server.worker.worker import Assignment, run_worker
from penstock.telemetry import STACK_SIGNAL, ask_for_stack

log = logging.getLogger("penstock.server")

# A fork of a large process on a machine that swaps takes a second.
BIRTH_S: Final = 10.0

# Frames that only say how an application comes to be imported: ours, and the import system's.
NOT_TELLING: Final = tuple(
    f'File "{file}' for file in (Path(__file__).parents[2], importlib.__file__, "<frozen importlib")
)


@dataclasses.dataclass(frozen=True, slots=True)
class GenerationImported:
    """Workers of this generation can be started; `is_kept`: by a template."""

    generation: int
    is_kept: bool


@dataclasses.dataclass(frozen=True, slots=True)
class GenerationFailed:
    """The application cannot be imported; the reason is a traceback, if any, and one line."""

    generation: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class TemplateExited:
    """A template has ended; its slot is free."""

    generation: int
    slot: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerBorn:
    """A template has forked a worker."""

    command: StartWorker
    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker accepts connections."""

    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerFailed:
    """A worker cannot boot; the reason is a traceback, if any, and one line; `is_hung`: it lives on."""

    pid: int
    reason: str
    is_hung: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerNotBorn:
    """A template was asked for a worker, and there is none."""

    command: StartWorker


Word = (
    GenerationImported
    | GenerationFailed
    | TemplateExited
    | WorkerBorn
    | WorkerReady
    | WorkerFailed
    | WorkerNotBorn
)


@dataclasses.dataclass(slots=True)
class Brood:
    """One generation: what it is told, and its template.

    Attributes:
        plan: the configuration it was imported with.
        begun_s: when its import began (monotonic).
        pid: of its template; 0 = workers import by themselves.
        channel: to the template, while it listens.
        is_dismissed: whether its end is expected.
    """

    generation: int
    slot: int
    plan: ServePlan
    begun_s: float
    pid: int = 0
    channel: socket.socket | None = None
    is_imported: bool = False
    is_dismissed: bool = False


@dataclasses.dataclass(slots=True)
class Birth:
    """A worker between the order and its readiness.

    Attributes:
        pid: 0 = it has not shown itself.
        asked_s: when it was ordered, another was born while it was not, or it was itself (monotonic).
    """

    command: StartWorker
    pid: int
    channel: socket.socket
    asked_s: float

    @property
    def is_errand(self) -> bool:
        """Whether it is no worker but a call of `on_ready`."""
        return self.command.slot == ERRAND_SLOT


class Nursery:
    """Templates, and workers between fork and readiness.

    Args:
        family: forks.
        heritage: what children are born with.
        poll: the master's; wakes it when there is something to hear.
    """

    def __init__(self, family: Family, heritage: Heritage, poll: select.poll) -> None:
        self._family = family
        self._heritage = heritage
        self._poll = poll
        self._broods: dict[int, Brood] = {}  # by generation
        self._speakers: dict[int, Brood | Birth] = {}  # by descriptor of the channel
        self._has_adopted = False
        self._lifeline_fd, lifeline_end = os.pipe2(os.O_CLOEXEC)
        family.private_fds.add(lifeline_end)

    # Generations

    def prepare(self, command: ImportGeneration, plan: ServePlan) -> bool:
        """Begin to import the application for a generation; False = its workers will, each for itself.

        Raises:
            OSError: there can be no more processes or descriptors now.
        """
        brood = Brood(command.generation, command.slot, plan, time.monotonic())
        if plan.server.preload != "off" and self._may_preload():
            self._fork_template(brood)
        self._broods[command.generation] = brood
        return brood.pid != 0

    def _fork_template(self, brood: Brood) -> None:
        ours, theirs = self._open_channel()
        try:
            brood.pid = self._family.fork()
            if not brood.pid:
                self._serve_as_template(brood, theirs)
        except OSError:
            self._forget(ours)
            raise
        finally:
            theirs.close()
        brood.channel = ours
        self._listen_to(ours, brood)

    def _serve_as_template(self, brood: Brood, channel: socket.socket) -> None:
        """Be a template."""
        run_template(
            Seat(brood.plan, self._heritage, brood.slot, brood.generation, channel, self._lifeline_fd)
        )

    def dismiss(self, generation: int) -> None:
        """Let a template go: at once, it serves nobody."""
        brood = self._broods.get(generation)
        if brood is None:
            return
        brood.is_dismissed = True
        if brood.pid:
            send_signal(brood.pid, signal.SIGKILL)
        else:
            del self._broods[generation]

    def reaped(self, pid: int, wait_status: int) -> Iterator[Word]:
        """Return what the death of this child means, if it was a template."""
        for brood in list(self._broods.values()):
            if brood.pid == pid:
                yield from self._template_ended(brood, how_it_ended(wait_status))

    def _template_ended(self, brood: Brood, how: str) -> Iterator[Word]:
        brood.pid = 0
        if brood.channel is not None:
            self._forget(brood.channel)
            brood.channel = None
        yield TemplateExited(brood.generation, brood.slot)
        if brood.is_dismissed:
            del self._broods[brood.generation]
        elif not brood.is_imported:
            yield GenerationFailed(brood.generation, f"template {how} while it imported the application")
        elif brood.plan.server.preload == "on" or how != "status=0":
            log.error(
                "template.exited generation=%d %s: its workers will import by themselves",
                brood.generation,
                how,
            )

    def _may_preload(self) -> bool:
        if not self._has_adopted:
            self._has_adopted = can_look() and adopt_orphans()
            if not self._has_adopted:
                log.warning("template.impossible: no prctl(2) or no /proc here: each worker imports")
        return self._has_adopted

    # Workers

    def start(self, command: StartWorker) -> int:
        """Have a worker forked; returns its pid, or 0: its template has been asked.

        Raises:
            OSError: there can be no more processes or descriptors now.
        """
        brood = self._broods[command.generation]
        ours, theirs = self._open_channel()
        order = Order(command.slot, command.generation, theirs.fileno())
        try:
            pid = self._bear(brood, order)
        except OSError:
            self._forget(ours)
            raise
        finally:
            theirs.close()
        self._listen_to(ours, Birth(command, pid, ours, time.monotonic()))
        return pid

    def _bear(self, brood: Brood, order: Order) -> int:
        if brood.channel is not None:
            send_order(brood.channel, order)
            return 0
        pid = self._family.fork()
        if not pid:
            run = run_worker if order.slot else run_errand
            run(Assignment(brood.plan, self._heritage, None, order, self._lifeline_fd, os.getppid()))
        return pid

    def give_up_the_stuck(self, now_s: float) -> Iterator[Word]:
        """End templates that do not bear what was asked of them (a lock that a thread held at the fork).

        Likewise what does not come to the end of its import or of its boot.
        """
        yield from self._give_up_late_imports(now_s)
        yield from self._give_up_late_workers(now_s)
        stuck = [birth for birth in self._births() if not birth.pid and now_s - birth.asked_s > BIRTH_S]
        for birth in stuck:
            brood = self._broods.get(birth.command.generation)
            if brood is not None and brood.pid and brood.channel is not None:
                log.error("template.stuck generation=%d pid=%d: it is killed", brood.generation, brood.pid)
                send_signal(brood.pid, signal.SIGKILL)
                self._forget(brood.channel)
                brood.channel = None
            self._forget(birth.channel)  # should it be born after all, it hears that nobody listens
            if not birth.is_errand:
                yield WorkerNotBorn(birth.command)

    def _give_up_late_imports(self, now_s: float) -> Iterator[Word]:
        """End templates whose import takes longer than `boot_timeout_s`."""
        for brood in list(self._broods.values()):
            if brood.pid and not brood.is_imported and _is_late(brood.plan, now_s - brood.begun_s):
                reason = self._where(brood.pid, "the application was not imported", brood.plan)
                brood.is_imported = brood.is_dismissed = True  # what is to be said of its end is said
                send_signal(brood.pid, signal.SIGKILL)
                yield GenerationFailed(brood.generation, reason)

    def _give_up_late_workers(self, now_s: float) -> Iterator[Word]:
        """Wait no longer for workers that are not ready after `boot_timeout_s`."""
        for birth in self._births():
            brood = self._broods.get(birth.command.generation)  # none: it was asked to leave as well
            if not birth.pid or birth.is_errand or brood is None:
                continue
            if _is_late(brood.plan, now_s - birth.asked_s):
                self._forget(birth.channel)
                reason = self._where(birth.pid, "it was not ready", brood.plan)
                yield WorkerFailed(birth.pid, reason, is_hung=True)

    def _where(self, pid: int, what: str, plan: ServePlan) -> str:
        """Return where a process stands, and then what is wrong with it."""
        stack = ask_for_stack(self._heritage.segment, functools.partial(send_signal, pid, STACK_SIGNAL))
        frames = [line for line in stack if not line.lstrip().startswith(NOT_TELLING)]
        return "\n".join([*frames, f"{what} within {plan.server.boot_timeout_s:g} s (boot_timeout_s)"])

    def _births(self) -> list[Birth]:
        return [speaker for speaker in self._speakers.values() if isinstance(speaker, Birth)]

    def call_ready_hook(self, generation: int) -> None:
        """Have `on_ready` of a generation called, if it has one; a failure is logged."""
        if not self._broods[generation].plan.server.on_ready:
            return
        try:
            self.start(StartWorker(ERRAND_SLOT, generation))
        except OSError as error:
            log.error("template.hook_failed hook=on_ready generation=%d: %s", generation, error.strerror)

    def stop_errands(self) -> None:
        """End the calls of `on_ready` that have not returned."""
        for birth in self._births():
            if birth.is_errand and birth.pid:
                log.warning("template.hook_cut hook=on_ready pid=%d", birth.pid)
                send_signal(birth.pid, signal.SIGKILL)

    # Channels

    def listen(self) -> Iterator[Word]:
        """Return what has been said since."""
        for speaker in list(self._speakers.values()):
            yield from self._hear(speaker)

    def _hear(self, speaker: Brood | Birth) -> Iterator[Word]:
        while speaker.channel is not None and speaker.channel.fileno() in self._speakers:
            try:
                message = receive_message(speaker.channel)
            except BlockingIOError:
                return
            if isinstance(speaker, Brood):
                yield from self._hear_template(speaker, message)
            elif speaker.is_errand:
                self._hear_errand(speaker, message)
            else:
                yield from self._hear_worker(speaker, message)

    def _hear_template(self, brood: Brood, message: Message | None) -> Iterator[Word]:
        if message is None:  # its death will say why
            self._forget(brood.channel)
            brood.channel = None
        elif message.word == FAILED:
            brood.is_imported = True  # the reason is known
            brood.is_dismissed = True
            yield GenerationFailed(brood.generation, message.text)
        elif message.word == HAZARDS:
            yield from self._on_hazards(brood, message.text)
        elif message.word == READY:
            brood.is_imported = True
            yield GenerationImported(brood.generation, is_kept=True)

    def _on_hazards(self, brood: Brood, text: str) -> Iterator[Word]:
        is_obeyed = brood.plan.server.preload == "auto"
        what = "each worker imports the application by itself" if is_obeyed else "forked all the same"
        log.warning("template.hazards generation=%d %s: %s", brood.generation, what, text)
        if is_obeyed:
            self._forget(brood.channel)
            brood.channel = None
            brood.is_imported = True
            yield GenerationImported(brood.generation, is_kept=False)

    def _hear_errand(self, errand: Birth, message: Message | None) -> None:
        if message is not None and message.word == HELLO:
            errand.pid = message.pid
            return
        self._forget(errand.channel)
        generation = errand.command.generation
        if message is None:
            log.error(
                "template.hook_failed hook=on_ready generation=%d pid=%d: it ended", generation, errand.pid
            )
        elif message.word == FAILED:
            text = line_first(message.text)
            log.error(
                "template.hook_failed hook=on_ready generation=%d pid=%d: %s", generation, errand.pid, text
            )

    def _hear_worker(self, birth: Birth, message: Message | None) -> Iterator[Word]:
        if message is None:
            self._forget(birth.channel)
            if not birth.pid:
                yield WorkerNotBorn(birth.command)
        elif message.word == HELLO and not birth.pid:
            birth.pid = message.pid
            for other in self._births():
                is_next = not other.pid and other.command.generation == birth.command.generation
                if is_next or other is birth:
                    other.asked_s = time.monotonic()  # a template bears one at a time
            yield WorkerBorn(birth.command, birth.pid)
        elif message.word == READY and birth.pid:
            self._forget(birth.channel)
            yield WorkerReady(birth.pid)
        elif message.word == FAILED and birth.pid:
            self._forget(birth.channel)
            yield WorkerFailed(birth.pid, message.text)

    def _open_channel(self) -> tuple[socket.socket, socket.socket]:
        ours, theirs = open_channel()
        self._family.private_fds.add(ours.fileno())
        return ours, theirs

    def _listen_to(self, channel: socket.socket, speaker: Brood | Birth) -> None:
        self._speakers[channel.fileno()] = speaker
        self._poll.register(channel, select.POLLIN)

    def _forget(self, channel: socket.socket | None) -> None:
        if channel is None or channel.fileno() < 0:
            return
        fd = channel.fileno()
        self._family.private_fds.discard(fd)
        if self._speakers.pop(fd, None) is not None:
            self._poll.unregister(fd)
        channel.close()


def _is_late(plan: ServePlan, took_s: float) -> bool:
    return 0 < plan.server.boot_timeout_s < took_s
