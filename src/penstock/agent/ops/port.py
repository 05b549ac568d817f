"""The ops port: a thread of the agent that answers on a listener the master holds.

The listener belongs to the master, so that a health check finds an open port whatever happens to the agent:
while a new one starts, connections wait in the backlog. A thread, not a turn of the agent's loop: draining
the rings and answering take turns by the GIL, so neither waits longer than some milliseconds for the other.

At most 64 connections: a newcomer then takes the place of the one that has been silent longest, so nobody
can lock a health check out by holding connections.

In:     a listening socket, a Desk.
Out:    answers.
Never:  waits for a peer; ends silently: should the thread fail, the agent ends and the master starts another.

Rules:  epoll(7), accept(2).
"""

import contextlib
import dataclasses
import errno
import os
import select
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

from penstock.agent.ops.desk import Desk
from penstock.agent.ops.machine_desk import MachineDesk
from penstock.agent.ops.visit import State, Visit

MAX_VISITS: Final = 64
RECEIVE_BYTES: Final = 16384
# No descriptor or no memory left: the listener stays readable, and trying again at once would spin.
PAUSE_S: Final = 0.5
# A probe asks at once when it has connected.
FAREWELL_S: Final = 0.3
_SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_WAITS_FOR_PEER: Final = {State.ANSWER: select.EPOLLOUT, State.CLOSED: 0}


@dataclasses.dataclass(frozen=True, slots=True)
class OpsSeat:
    """What the agent is given to open the port with.

    Attributes:
        listener: listening, not blocking.
        threads: application threads of each worker.
    """

    listener: socket.socket
    threads: int


class _Guest:
    """A visit and its socket."""

    __slots__ = ("is_shut", "mask", "moved_s", "sock", "visit")

    def __init__(self, sock: socket.socket, visit: Visit, now_s: float) -> None:
        self.sock = sock
        self.visit = visit
        self.moved_s = now_s
        self.mask = select.EPOLLIN
        self.is_shut = False


class OpsPort:
    """Serves the ops port until stopped.

    Args:
        listener: listening, not blocking; closed by `stop`.
        desk: knows the answers.
        now: monotonic seconds.
    """

    def __init__(
        self, listener: socket.socket, desk: Desk | MachineDesk, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._listener = listener
        self._desk = desk
        self._now = now
        self._guests: dict[int, _Guest] = {}
        self._resume_s = 0.0  # when a paused listener is looked at again; 0 = it is not paused
        self._stop_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.epoll()
        self._poll.register(self._stop_fd, select.EPOLLIN)
        self._poll.register(listener.fileno(), select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="penstock-ops", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close all; waits for the thread."""
        os.eventfd_write(self._stop_fd, 1)
        self._thread.join()
        for guest in list(self._guests.values()):
            self._part(guest)
        self._listener.close()
        self._poll.close()
        os.close(self._stop_fd)

    def _run(self) -> None:
        """Turn until stopped. The agent's signals are its main thread's."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            while self.turn():
                pass
            self._farewell()
        except BaseException:  # noqa: BLE001 - an agent without its port would fail health checks for ever
            traceback.print_exc()
            os._exit(1)  # what is in the rings waits for the next agent

    def _farewell(self) -> None:
        """Answer who has connected and is about to ask; who comes now waits for the next agent."""
        for fd in (self._stop_fd, self._listener.fileno()):
            with contextlib.suppress(FileNotFoundError):  # paused
                self._poll.unregister(fd)
        until_s = self._now() + FAREWELL_S
        while self._now() < until_s and any(guest.visit.is_expected for guest in self._guests.values()):
            for fd, mask in self._poll.poll(max(until_s - self._now(), 0.0)):
                self._serve(self._guests[fd], mask)

    def turn(self) -> bool:
        """Wait for one round of events and answer them; False = it is time to stop."""
        for fd, mask in self._poll.poll(self._wait_s()):
            if fd == self._stop_fd:
                return False
            if fd == self._listener.fileno():
                self._accept()
            elif fd in self._guests:  # not one that made room for a newcomer of this round
                self._serve(self._guests[fd], mask)
        self._close_the_late()
        return True

    def _wait_s(self) -> float:
        """Seconds until a deadline; -1 = for ever."""
        deadlines = [guest.visit.deadline_s for guest in self._guests.values()]
        if self._resume_s:
            deadlines.append(self._resume_s)
        return max(min(deadlines) - self._now(), 0.0) + 0.001 if deadlines else -1

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _SCARCE:
                self._poll.unregister(self._listener.fileno())
                self._resume_s = self._now() + PAUSE_S
            return  # any other fault is that of the connection, which has gone
        sock.setblocking(False)
        if len(self._guests) >= MAX_VISITS:
            self._part(min(self._guests.values(), key=lambda guest: guest.moved_s))
        now_s = self._now()
        self._guests[sock.fileno()] = _Guest(sock, Visit(self._desk.answer, now_s), now_s)
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _serve(self, guest: _Guest, mask: int) -> None:
        """Receive or send what may be, then wait for what comes next."""
        try:
            if mask & ~select.EPOLLOUT:  # readable, or an error that recv tells
                self._receive(guest)
            self._send(guest)
        except BlockingIOError:
            pass
        except OSError:  # the peer has gone
            self._part(guest)
            return
        if guest.visit.state is State.CLOSED:
            self._part(guest)
        else:
            self._await(guest)

    def _receive(self, guest: _Guest) -> None:
        data = guest.sock.recv(RECEIVE_BYTES)
        guest.moved_s = self._now()
        guest.visit.receive(data, guest.moved_s)

    def _send(self, guest: _Guest) -> None:
        """Send answers, those of pipelined requests behind each other, as far as the peer takes them."""
        visit = guest.visit
        while visit.output:
            count = guest.sock.send(visit.output)
            guest.moved_s = self._now()
            visit.sent(count, guest.moved_s)
        if visit.state is State.PARTING and not guest.is_shut:
            guest.is_shut = True
            guest.sock.shutdown(socket.SHUT_WR)

    def _await(self, guest: _Guest) -> None:
        mask = _WAITS_FOR_PEER.get(guest.visit.state, select.EPOLLIN)
        if mask != guest.mask:
            guest.mask = mask
            self._poll.modify(guest.sock.fileno(), mask)

    def _close_the_late(self) -> None:
        now_s = self._now()
        for guest in [guest for guest in self._guests.values() if guest.visit.deadline_s <= now_s]:
            self._part(guest)
        if self._resume_s and now_s >= self._resume_s:
            self._resume_s = 0.0
            self._poll.register(self._listener.fileno(), select.EPOLLIN)

    def _part(self, guest: _Guest) -> None:
        del self._guests[guest.sock.fileno()]
        guest.sock.close()  # which takes it out of the epoll set, too
