"""The door of a machine's agent: masters come in over its socket, and their memory becomes a tenant.

          ENROL is taken             RELEASE             all is written, or
    NEW -----------------> ENROLLED ----------> LEAVING ------------------------> GONE
     |                         |                   ^      nothing moves for 2 s
     | refused, 5 s            | the end of the    |
     v                         v connection        | its workers are gone,
    GONE                    ORPHANED --------------+ or 3 s

While the connection stands we hold the lease of the memory (telemetry/enrolment.py); we close it after the
last write and not before.

In:     connections, messages.
Out:    tenants admitted and dismissed.
Never:  waits for a client, holds more than 256 connections, takes the same memory or the same log file twice,
        lets what other users bring grow without bound.
"""

import contextlib
import dataclasses
import enum
import itertools
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from penstock.agent.agent import Agent
from penstock.agent.assembly import sources_of
from penstock.agent.crew import Crew
from penstock.agent.machine.admission import Candidate, House, Peer, RefusedError, files_of, receive_candidate
from penstock.agent.machine.complaints import Complaints
from penstock.agent.metrics import BOUNDS_S, Gatherer, Labelled, Slowness, Source
from penstock.agent.ops import Desk, OpsPort, Subject
from penstock.agent.station import Report
from penstock.agent.tenant import Tenant
from penstock.agent.watch import Notice
from penstock.telemetry.enrolment import (
    EnrolmentError,
    Message,
    Word,
    close_all,
    receive_message,
    send_message,
)

MAX_CLIENTS: Final = 256
# Of each user who is neither ours nor root: an empty slot costs 7 KB of memory and 0.5 us a turn.
MAX_GUEST_CLIENTS: Final = 32
MAX_GUEST_SLOTS: Final = 512
GREETING_S: Final = 5.0  # a master enrols in the same moment
ORPHAN_S: Final = 3.0  # workers leave at most 2 s after their master
STALLED_S: Final = 2.0  # as long as an embedded agent waits for an output that takes nothing
LEAVE_S: Final = 10.0  # a tenant whose workers write on in spite of all
_STEPS: Final = 64  # of a tenant that leaves, before the others have their turn again


class Stage(enum.Enum):
    """Where a client stands."""

    NEW = "new"
    ENROLLED = "enrolled"
    LEAVING = "leaving"  # asked to be released; its last records are being written
    ORPHANED = "orphaned"  # its master has gone; its workers may still write


_HEARD: Final = frozenset({Stage.NEW, Stage.ENROLLED})


@dataclasses.dataclass(slots=True, eq=False)
class Client:
    """One connection, and what it brought.

    Attributes:
        since_s: when it came to where it stands.
        moved_s: when the last record of one that leaves was written.
        label: its name on the metrics of all.
        port: answers its ops port.
    """

    sock: socket.socket
    peer: Peer
    since_s: float
    moved_s: float = 0.0
    stage: Stage = Stage.NEW
    candidate: Candidate | None = None
    tenant: Tenant | None = None
    label: str = ""
    port: OpsPort | None = None
    sources: list[Source] = dataclasses.field(default_factory=list)

    def has_master(self) -> bool:
        """Return whether its master lives, or is only on its way out."""
        return self.stage is not Stage.ORPHANED

    @property
    def name(self) -> str:
        """Which it is, for people."""
        return f"{self.candidate.enrolment.name if self.candidate else 'client'} (pid {self.peer.pid})"


class Estate:
    """Everybody that came in; a station.

    Args:
        listener: a Unix socket that keeps messages apart, listening, not blocking.
        house: whom to let in.
        say: to the agent's own log.
        now: monotonic seconds.
    """

    name = "socket"

    def __init__(
        self,
        listener: socket.socket,
        house: House,
        say: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._house = house
        self._say = say
        self._complaints = Complaints(say)
        self._now = now
        self._agent: Agent | None = None
        self._crew = Crew()
        self._gatherer = Gatherer()
        self._slowness = Slowness(BOUNDS_S)
        self._clients: dict[int, Client] = {}
        self._total_admitted = self._total_refused = 0

    def settle(self, agent: Agent, crew: Crew, gatherer: Gatherer, slowness: Slowness) -> None:
        """Begin.

        Args:
            agent: where tenants live.
            crew: hears them.
            gatherer: asks what they measure.
            slowness: one of the crew; knows which of their requests to look at.
        """
        self._agent, self._crew, self._gatherer, self._slowness = agent, crew, gatherer, slowness

    # A station

    def fds(self) -> Sequence[int]:
        """Return the sockets; without the door while the house is full."""
        is_full = len(self._clients) >= MAX_CLIENTS
        heard = [fd for fd, client in self._clients.items() if client.stage in _HEARD]
        return heard if is_full else [self._listener.fileno(), *heard]

    def readable(self, fd: int) -> None:
        """Let somebody in, or hear what a client says."""
        if fd == self._listener.fileno():
            self._accept()
        elif client := self._clients.get(fd):
            self._hear(client)

    def tick(self, now_s: float) -> None:
        """Part with those whose time has come."""
        self._complaints.tick(now_s)
        for client in list(self._clients.values()):
            self._see_to(client, now_s)

    def close(self) -> None:
        """Let everybody go."""
        for client in list(self._clients.values()):
            self._part(client)
        self._complaints.close()
        self._listener.close()

    def report(self) -> Report:
        """Return how many came."""
        stages = [client.stage for client in list(self._clients.values())]
        counts = {stage.value: stages.count(stage) for stage in Stage}
        return {**counts, "admitted": self._total_admitted, "refused": self._total_refused}

    def describe(self, tenant: Tenant) -> dict[str, int | str]:
        """Return what is known of a tenant from the door."""
        for client in list(self._clients.values()):
            if client.tenant is tenant:
                return {"master_pid": client.peer.pid, "uid": client.peer.uid, "stage": client.stage.value}
        return {}

    def expel(self, tenant: Tenant, error: Exception) -> None:
        """Refuse a tenant whose memory cannot be drained."""
        for client in list(self._clients.values()):
            if client.tenant is tenant:
                self._refuse(client, f"its memory cannot be drained: {type(error).__name__}: {error}")

    # At the door

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:  # it went away again; or no descriptors are left, and it is tried again
            return
        sock.setblocking(False)
        client = Client(sock, Peer(0, -1, frozenset()), self._now())
        self._clients[sock.fileno()] = client
        try:
            client.peer = Peer.of(sock)
            self._house.check(client.peer)
            self._check_crowd(client.peer)
        except (RefusedError, OSError) as error:
            self._refuse(client, str(error))

    def _hear(self, client: Client) -> None:
        try:
            message = receive_message(client.sock)
        except BlockingIOError:
            return
        except EnrolmentError as error:
            self._refuse(client, str(error))
            return
        except OSError:
            message = None
        if message is None:
            self._lose(client)
        else:
            self._obey(client, message)

    def _obey(self, client: Client, message: Message) -> None:
        match message.word, client.stage:
            case Word.ENROL, Stage.NEW:
                self._enrol(client, message)
                return
            case Word.REOPEN, Stage.ENROLLED if client.tenant:
                client.tenant.reopen()
            case Word.RELEASE, Stage.ENROLLED:
                self._enter(client, Stage.LEAVING)
                self._see_out(client)
            case _:
                self._refuse(client, f"{message.word.value} while {client.stage.value}")
        close_all(message.fds)

    def _enrol(self, client: Client, message: Message) -> None:
        try:
            client.candidate = receive_candidate(self._house, client.peer, message.text, message.fds)
            self._check_unique(client.candidate)
            self._check_size(client.peer)
            self._move_in(client, client.candidate)
            send_message(client.sock, Word.ADMITTED)
        except (RefusedError, EnrolmentError, OSError) as error:
            self._refuse(client, str(error))
            return
        self._total_admitted += 1
        self._enter(client, Stage.ENROLLED)
        self._say(Notice(logging.INFO, f"{client.name} of user {client.peer.uid} enrolled"))

    def _check_crowd(self, peer: Peer) -> None:
        """One guest's connections must not keep the others out.

        Raises:
            RefusedError: this user has enough of them.
        """
        if not self._house.is_family(peer) and len(self._clients_of(peer.uid)) > MAX_GUEST_CLIENTS:
            raise RefusedError(f"user {peer.uid} has {MAX_GUEST_CLIENTS} connections already")

    def _check_size(self, peer: Peer) -> None:
        """Every slot is looked at in every turn, and costs the agent some memory.

        Raises:
            RefusedError: this user's servers have too many together.
        """
        if self._house.is_family(peer):
            return
        candidates = [client.candidate for client in self._clients_of(peer.uid) if client.candidate]
        slots = sum(candidate.segment.layout.slots for candidate in candidates)
        if slots > MAX_GUEST_SLOTS:
            raise RefusedError(f"{slots} slots of user {peer.uid}; expected {MAX_GUEST_SLOTS} at most")

    def _clients_of(self, uid: int) -> list[Client]:
        return [client for client in self._clients.values() if client.peer.uid == uid]

    def _check_unique(self, candidate: Candidate) -> None:
        """Two writers of one memory or one file would write over each other.

        Raises:
            RefusedError: there is a tenant with it.
        """
        memory, files = os.fstat(candidate.segment.fd), files_of(candidate.logs)
        for client in self._clients.values():
            if (other := client.candidate) is None or other is candidate:
                continue
            if os.path.samestat(os.fstat(other.segment.fd), memory):
                raise RefusedError("this memory is drained already")
            if taken := files_of(other.logs) & files:
                raise RefusedError(f"{', '.join(sorted(taken))} is written for {client.name} already")

    def _move_in(self, client: Client, candidate: Candidate) -> None:
        enrolment, segment = candidate.enrolment, candidate.segment
        try:
            client.tenant = Tenant(
                segment, candidate.logs, self._crew, self._now, candidate.standard_fds, name=enrolment.name
            )
        except ValueError as error:  # a template that is none
            raise RefusedError(str(error)) from error
        self._home.admit(client.tenant)
        measured = sources_of(
            segment, enrolment.threads, client.peer.pid, self._slowness, has_master=client.has_master
        )
        self._measure(client, measured)
        if candidate.ops:
            subject = self._subject(client, candidate, Gatherer(measured))
            client.port = OpsPort(candidate.ops, Desk(subject))
            client.port.start()

    def _measure(self, client: Client, measured: Sequence[Source]) -> None:
        """Put what measures a server among the metrics of all, under a name that no other living one has."""
        assert client.candidate is not None  # noqa: S101 - it is being enrolled
        name = client.candidate.enrolment.name
        others = [other for other in self._clients.values() if other is not client]
        taken = {other.label for other in others if other.stage is Stage.ENROLLED}
        numbered = (f"{name}:{number}" for number in itertools.count(2))
        client.label = next(label for label in itertools.chain([name], numbered) if label not in taken)
        for other in others:
            if other.label == client.label:  # it is leaving: restarted, as a rule
                self._forget_metrics(other)
        for source in measured:
            client.sources.append(Labelled(source, (("application", client.label),)))
            self._gatherer.add(client.sources[-1])
        if client.label != name:
            message = f"{client.name} stands on /metrics as {client.label!r}: another server has its name"
            self._say(Notice(logging.WARNING, message))

    def _forget_metrics(self, client: Client) -> None:
        while client.sources:
            self._gatherer.remove(client.sources.pop())

    def _subject(self, client: Client, candidate: Candidate, gatherer: Gatherer) -> Subject:
        return Subject(
            candidate.segment,
            candidate.enrolment.threads,
            candidate.logs.log_query,
            client.peer.pid,
            gatherer,
            self._crew.report,
            has_master=client.has_master,
        )

    @property
    def _home(self) -> Agent:
        assert self._agent is not None  # noqa: S101 - settled before the loop begins
        return self._agent

    # Leaving

    def _lose(self, client: Client) -> None:
        """The other side has closed: its master has gone, its workers follow."""
        if client.stage is Stage.NEW:
            self._part(client)
        else:
            self._enter(client, Stage.ORPHANED)

    def _see_to(self, client: Client, now_s: float) -> None:
        if client.stage is Stage.NEW and now_s - client.since_s > GREETING_S:
            self._refuse(client, f"nothing was said for {GREETING_S:.0f} s")
        elif client.stage is Stage.LEAVING:
            self._see_out(client)
        elif client.stage is Stage.ORPHANED and _is_left_alone(client, now_s):
            self._enter(client, Stage.LEAVING)
            self._see_out(client)

    def _see_out(self, client: Client) -> None:
        """Write what is left; part when it is written, or when an output takes nothing."""
        tenant = client.tenant
        assert tenant is not None  # noqa: S101 - only who is enrolled leaves
        for _ in range(_STEPS):
            if not tenant.step():
                break
            client.moved_s = self._now()
        now_s = self._now()
        is_late = now_s - client.moved_s > STALLED_S or now_s - client.since_s > LEAVE_S
        if tenant.is_empty() or is_late:
            self._say(Notice(logging.INFO, f"{client.name} left"))
            self._part(client)

    def _refuse(self, client: Client, reason: str) -> None:
        self._total_refused += 1
        self._complaints.note(f"{client.name} of user {client.peer.uid} refused: {reason}", self._now())
        with contextlib.suppress(OSError):  # it does not listen, or has gone
            send_message(client.sock, Word.REFUSED, reason)
        self._part(client)

    def _enter(self, client: Client, stage: Stage) -> None:
        client.stage = stage
        client.since_s = client.moved_s = self._now()

    def _part(self, client: Client) -> None:
        """Write no more; the end of the connection says so."""
        self._clients.pop(client.sock.fileno(), None)
        if client.port:
            client.port.stop()
        self._forget_metrics(client)
        if client.tenant:
            self._home.dismiss(client.tenant)
        if client.candidate:
            client.candidate.close()
        client.sock.close()


def _is_left_alone(client: Client, now_s: float) -> bool:
    """Whether no worker of a dead master writes any more, as far as one waits for that."""
    is_alone = client.tenant is None or client.tenant.are_workers_gone()
    return is_alone or now_s - client.since_s > ORPHAN_S
