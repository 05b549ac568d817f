"""Has the agent of the machine write what this server records: the master's end of telemetry/enrolment.py.

            connected            ADMITTED               RELEASE
    AWAY ------------> ASKED ---------------> LODGED ----------> LEAVING
     ^                   | REFUSED, its end     | its end            | its end
     +-------------------+----------------------+--------------------+
       0.1 s later, then 0.2, ... 2 s

Without an agent the server goes on: records stay in the rings, and what does not fit is dropped and counted
there. Nobody else may write to the memory while the connection stands, so a machine's agent that hangs is not
replaced by anybody; one that is dead when the server stops is, for the last lines, by a child of ours.

In:     the socket's path, the offer, the memory.
Out:    a connection, kept up; log records.
Never:  waits for the agent before the server stops.
"""

import contextlib
import enum
import logging
import os
import select
import socket
import sys
import time
from typing import Final

from penstock.server.master.family import Family
from penstock.server.master.guardian import AGENT_STOP_S, Guardian
from penstock.server.master.predecessor import Predecessor
from penstock.server.plan import Heritage, ServePlan
from penstock.telemetry.enrolment import (
    EnrolmentError,
    Message,
    Word,
    close_all,
    receive_message,
    send_message,
)
from penstock.telemetry.memory.segment import Segment

log = logging.getLogger("penstock.server")

FIRST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 2.0


class Stage(enum.Enum):
    """Where we stand with the agent."""

    AWAY = "away"
    ASKED = "asked"
    LODGED = "lodged"
    LEAVING = "leaving"


class Lodging:
    """Keeps this server's memory with the agent of the machine; takes the place of a Guardian.

    Args:
        plan: says where the agent is, and what it is told.
        heritage: the memory.
        guardian: can write the last lines if the agent is dead.
        poll: the master's; wakes it when the agent says something.

    Attributes:
        pid: 0: the agent is no child of ours.
    """

    pid: Final = 0

    def __init__(self, plan: ServePlan, heritage: Heritage, guardian: Guardian, poll: select.poll) -> None:
        self._plan = plan
        self._segment = heritage.segment
        self._guardian = guardian
        self._family = guardian.family
        self._poll = poll
        self._predecessor = Predecessor(self._family)
        self._stage = Stage.AWAY
        self._sock: socket.socket | None = None
        self._delay_s = 0.0
        self._retry_s = 0.0
        self._trouble = ""  # what was said of it last

    # As a guardian

    def wait_for(self, predecessor_fd: int, poll: select.poll) -> None:
        """Have nothing written before another master's records are, which may go to the same files."""
        self._predecessor.follow(predecessor_fd, poll)

    def wait_s(self, now_s: float) -> float | None:
        """Return the seconds until the agent is to be asked again; None = it is."""
        if self._sock is not None or self._predecessor.is_expected_to_end:
            return None
        return max(0.0, self._retry_s - now_s)

    def see_to_it(self) -> None:
        """Ask the agent if it is time; hear what it says."""
        if self._sock is not None:
            self._hear()
        elif not self._predecessor.is_there() and time.monotonic() >= self._retry_s:
            self._ask()

    def ended(self, wait_status: int) -> None:
        """Never said: there is no child."""

    def replace(self, plan: ServePlan) -> None:
        """Have the agent do by another plan, when it has let the memory go."""
        if plan.agent_place != self._plan.agent_place:
            _warn_of_move(self._plan, plan)
        self._plan = plan
        if self._stage in {Stage.ASKED, Stage.LODGED}:
            self._leave()

    def reopen(self) -> None:
        """Let the agent open our files again by name."""
        if self._stage is Stage.LODGED:
            self._send(Word.REOPEN)

    def stop(self, *, is_predecessor_leaving: bool = False) -> None:
        """Have written what the rings hold, and wait for it: at most `AGENT_STOP_S`.

        Args:
            is_predecessor_leaving: whether another master was told to end: for it we wait as long.
        """
        give_up_s = time.monotonic() + AGENT_STOP_S
        if self._predecessor.is_there(AGENT_STOP_S if is_predecessor_leaving else 0.0):
            return
        self._retry_s = 0.0
        self.see_to_it()  # it may have come back this moment
        while self._sock is not None and time.monotonic() < give_up_s:
            if self._stage is Stage.LODGED:
                self._leave()
            if (
                self._sock is not None
                and select.select([self._sock], [], [], give_up_s - time.monotonic())[0]
            ):
                self._hear()
        if self._sock is not None:
            _say_aside(f"the agent at {self._plan.agent_place} has not written out in {AGENT_STOP_S:.0f} s")
        elif has_records(self._segment):
            self._guardian.start()
            self._guardian.stop()

    # The conversation

    def _ask(self) -> None:
        sock = socket.socket(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        try:
            sock.connect(self._plan.agent_place.removeprefix("unix:"))
            send_message(sock, Word.ENROL, self._plan.enrolment.to_text(), self._offered_fds())
        except OSError as error:
            sock.close()
            self._lose((error.strerror or str(error)).lower(), is_news=not self._trouble)
            return
        self._sock = sock
        self._stage = Stage.ASKED
        self._family.private_fds.add(sock.fileno())
        self._poll.register(sock, select.POLLIN)

    def _offered_fds(self) -> list[int]:
        """Return the descriptors that go with ENROL."""
        ops = [self._plan.ops.fd] if self._plan.ops else []
        return [self._segment.fd, self._segment.wake_fd, 1, 2, *ops]

    def _hear(self) -> None:
        assert self._sock is not None  # noqa: S101 - the callers looked
        try:
            message = receive_message(self._sock)
        except BlockingIOError:
            return
        except (EnrolmentError, OSError) as error:
            self._part(str(error))
            return
        if message is None:
            self._part("it has gone")
        else:
            self._obey(message)

    def _obey(self, message: Message) -> None:
        close_all(message.fds)
        if message.word is Word.ADMITTED and self._stage is Stage.ASKED:
            self._stage = Stage.LODGED
            self._delay_s = 0.0
            if self._trouble:
                log.warning("agent.found socket=%s after=%r", self._plan.agent_place, self._trouble)
            self._trouble = ""
        elif message.word is Word.REFUSED:
            self._part(f"it refuses: {message.text}")

    def _leave(self) -> None:
        self._send(Word.RELEASE)
        if self._sock is not None:
            self._stage = Stage.LEAVING

    def _send(self, word: Word) -> None:
        assert self._sock is not None  # noqa: S101 - the callers looked
        try:
            send_message(self._sock, word)
        except OSError as error:
            self._part((error.strerror or str(error)).lower())

    def _part(self, reason: str) -> None:
        """The connection has ended, and with it the agent's right to write."""
        is_expected = self._stage is Stage.LEAVING
        sock = self._sock
        assert sock is not None  # noqa: S101 - the callers looked
        self._poll.unregister(sock)
        self._family.private_fds.discard(sock.fileno())
        sock.close()
        self._sock = None
        self._stage = Stage.AWAY
        if is_expected:
            self._retry_s = 0.0
        else:
            self._lose(reason, is_news=reason != self._trouble)

    def _lose(self, reason: str, *, is_news: bool) -> None:
        """Ask again later; say why if that is news: not each time that it is still not there."""
        self._delay_s = min(LONGEST_DELAY_S, 2 * self._delay_s or FIRST_DELAY_S)
        self._retry_s = time.monotonic() + self._delay_s
        if is_news:
            self._trouble = reason
            log.error("agent.lost socket=%s reason=%r", self._plan.agent_place, reason)
            # The log has no writer now.
            _say_aside(
                f"no agent at {self._plan.agent_place}: {reason}; records wait in memory until it is full"
            )


class NoAgent:
    """Nobody writes anything: `agent = "off"`."""

    pid: Final = 0

    def __init__(self, plan: ServePlan) -> None:
        self._plan = plan

    def wait_for(self, predecessor_fd: int, poll: select.poll) -> None:  # noqa: ARG002 - as Guardian's
        """Nothing is to be waited for."""
        if predecessor_fd >= 0:
            os.close(predecessor_fd)

    def wait_s(self, now_s: float) -> float | None:
        """Never."""

    def see_to_it(self) -> None:
        """There is nothing to see to."""

    def ended(self, wait_status: int) -> None:
        """Never said."""

    def replace(self, plan: ServePlan) -> None:
        """Stay without."""
        if plan.agent_place != self._plan.agent_place:
            _warn_of_move(self._plan, plan)

    def reopen(self) -> None:
        """Nothing is open."""

    def stop(self, *, is_predecessor_leaving: bool = False) -> None:
        """Nobody has to stop."""


def keep_agent(
    plan: ServePlan, family: Family, heritage: Heritage, poll: select.poll
) -> Guardian | Lodging | NoAgent:
    """Return who sees to it that records are written, as the plan says."""
    if plan.agent_place == "off":
        return NoAgent(plan)
    guardian = Guardian(plan.run_agent, family, heritage, {plan.ops.fd} if plan.ops else ())
    return guardian if plan.agent_place == "embedded" else Lodging(plan, heritage, guardian, poll)


def has_records(segment: Segment) -> bool:
    """Return whether a ring holds what nobody has written."""
    plan, words = segment.layout, segment.words
    rings = (ring for slot in range(plan.slots) for ring in (plan.access_ring(slot), plan.log_ring(slot)))
    return any(words[ring.end_word] != words[ring.tail_word] for ring in rings)


def _warn_of_move(before: ServePlan, after: ServePlan) -> None:
    log.warning(
        "agent.kept agent=%s: %s needs a restart, so that nothing is written twice",
        before.agent_place,
        after.agent_place,
    )


def _say_aside(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a closed terminal is no reason to stop serving
        sys.stderr.write(f"penstock: {text}\n")
        sys.stderr.flush()
