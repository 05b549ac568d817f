"""USR2: the program itself is replaced, sockets kept.  Two masters, of which one gives and one takes.

    old master                                  new program
    fork, exec ------- sockets, a channel ----> imports, starts its workers on the same sockets
                                                all of them are ready
    is told so <-------------- READY ---------- waits with its agent
    its workers drain, its agent writes out
    ends -------------------------------------> starts its agent: never two write one file

A new program that does not get so far ends with its reason, and the old one goes on as if nothing had been.
Who stops the old one meanwhile means both: the new program is called off, and waited for.

In:     USR2; or, in the new program, what the old one left for it.
Out:    a process; words on a channel.
Never:  hands over what is not there any more: a stop that has begun is not taken back.
"""

import dataclasses
import logging
import os
import select
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from penstock.server.listener import Listener
from penstock.server.master.family import Family, how_it_ended, send_signal
from penstock.server.message import READY, open_channel, receive_message, send_message
from penstock.server.process import forget_parent

if TYPE_CHECKING:
    import socket

log = logging.getLogger("penstock.server")

# Replaces this process by a new program: (sockets by address, channel).
Exec = Callable[[Mapping[str, int], int], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Inheritance:
    """What a new program was left by the old one.

    Attributes:
        sockets: descriptors of listeners by address, as the configuration writes it.
        channel_fd: where it says that it is ready.
        predecessor_pid: of the old master, which is its parent as long as it lives.
    """

    sockets: Mapping[str, int]
    channel_fd: int
    predecessor_pid: int

    def report_ready(self, listeners: Iterable[Listener]) -> None:
        """Let the old one go: from now on the listeners are ours."""
        send_message(self.channel_fd, READY)
        os.close(self.channel_fd)
        for listener in listeners:
            listener.is_lent = False

    def open_predecessor(self) -> int:
        """Return a descriptor that is readable when the old one has ended; -1 = it has."""
        if os.getppid() != self.predecessor_pid:
            return -1
        return os.pidfd_open(self.predecessor_pid)


class Handover:
    """The old master's side: one new program at a time.

    Args:
        family: forks.
        poll: the master's; wakes it when the new program speaks.

    Attributes:
        pid: of the new program; 0 = there is none.
    """

    def __init__(self, family: Family, poll: select.poll) -> None:
        self.pid = 0
        self._family = family
        self._poll = poll
        self._channel: socket.socket | None = None
        self._is_called_off = False

    def begin(self, execute: Exec, listeners: Sequence[Listener]) -> None:
        """Start the new program, unless one is being made; if there can be no process now, say so."""
        if os.getpid() == 1:
            log.warning("server.handover_impossible: with process 1 everything would end; use HUP")
        elif self.pid:
            log.warning("server.handover_ignored pid=%d successor=%d: one is enough", os.getpid(), self.pid)
        else:
            try:
                self._start(execute, {str(listener.address): listener.fd for listener in listeners})
            except OSError as error:
                log.error("server.handover_failed error=%r", error.strerror)
                return
            log.info("server.handover_begun pid=%d successor=%d", os.getpid(), self.pid)

    def _start(self, execute: Exec, sockets: Mapping[str, int]) -> None:
        ours, theirs = open_channel()
        self._family.private_fds.add(ours.fileno())
        try:
            self.pid = self._family.fork(keep=set(sockets.values()))
            if not self.pid:
                _become(execute, sockets, theirs.detach())
        except OSError:
            self._family.private_fds.discard(ours.fileno())
            ours.close()
            raise
        finally:
            theirs.close()
        self._channel = ours
        self._poll.register(ours, select.POLLIN)

    def is_done(self) -> bool:
        """Whether the new program has taken over; once."""
        if self._channel is None:
            return False
        try:
            message = receive_message(self._channel)
        except BlockingIOError:
            return False
        is_done = message is not None and message.word == READY
        if is_done:
            log.info("server.handed_over pid=%d successor=%d", os.getpid(), self.pid)
            self.pid = 0
        self._hang_up()  # without that word: its death will say why
        return is_done

    def call_off(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the new program, if one is being made: this one stops, too, and it would serve on."""
        if self.pid:
            self._is_called_off = True
            self._hang_up()  # its readiness would come too late
            send_signal(self.pid, number)

    def failed(self, wait_status: int) -> None:
        """Take note of the new program's death: this one goes on."""
        how = how_it_ended(wait_status)
        if self._is_called_off:
            log.info("server.handover_called_off successor=%d %s", self.pid, how)
        else:
            log.error("server.handover_failed successor=%d %s: see its words above", self.pid, how)
        self.pid = 0
        self._hang_up()

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._family.private_fds.discard(self._channel.fileno())
            self._poll.unregister(self._channel)
            self._channel.close()
            self._channel = None


def _become(execute: Exec, sockets: Mapping[str, int], channel_fd: int) -> None:
    """Be the new program."""
    try:
        forget_parent(-1)
        for fd in (*sockets.values(), channel_fd):
            os.set_inheritable(fd, True)
        execute(sockets, channel_fd)
    finally:
        os._exit(70)
