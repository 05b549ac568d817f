"""What a master and the agent of its machine say to each other: the whole vocabulary.

    master -> agent     ENROL      here is my memory, and how its logs are to be written
                        REOPEN     open my log files again by name
                        RELEASE    write out what is there and let my memory go
    agent -> master     ADMITTED   it is drained from now on
                        REFUSED    it is not: why

The connection is the lease: while it stands, this agent and no other writes to the memory. It ends only when
the agent has let go: closed after RELEASE, or by its death. The agent in turn takes the end of the connection
for the master's death.

A message is one packet (SOCK_SEQPACKET): protocol and version, a word, a line feed, a text. The text
of ENROL is JSON; with it come the descriptors, in this order: memory, wake-up, standard output and error of
the master, and the ops port's listener where there is one.

In:     words, texts, descriptors.
Out:    messages.
Never:  believes a length, leaves a descriptor open that it does not hand on, waits.

Rules:  unix(7) SCM_RIGHTS.
"""

import dataclasses
import enum
import json
import os
import socket
from array import array
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Self

PROTOCOL: Final = "penstock-agent/1"
# Paths of logs are the longest part; a path has at most 4 KiB.
MAX_BYTES: Final = 32768
MAX_FDS: Final = 8
_ENROL_FDS: Final = 4
MAX_NAME: Final = 200
_FD_BYTES: Final = array("i").itemsize


class EnrolmentError(Exception):
    """What came is no message of this protocol, or holds what nobody could mean."""


class Word(enum.Enum):
    """What a message is."""

    ENROL = "ENROL"
    REOPEN = "REOPEN"
    RELEASE = "RELEASE"
    ADMITTED = "ADMITTED"
    REFUSED = "REFUSED"


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One message. Whoever received it closes its descriptors."""

    word: Word
    text: str = ""
    fds: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Enrolment:
    """What a master says of itself.

    Attributes:
        name: of its application, for people.
        threads: application threads of each worker.
        logs: the options of its logs, by key; paths are absolute.
        has_ops: whether the ops port's listener comes along.
    """

    name: str
    threads: int
    logs: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    has_ops: bool = False

    def to_text(self) -> str:
        """Return the text of ENROL."""
        fields = {
            "name": self.name,
            "threads": self.threads,
            "logs": dict(self.logs),
            "has_ops": self.has_ops,
        }
        return json.dumps(fields)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the text of ENROL, from whoever sent it.

        Raises:
            EnrolmentError: it is not one.
        """
        try:
            fields = json.loads(text)
            made = cls(fields["name"], fields["threads"], fields["logs"], fields["has_ops"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise EnrolmentError(
                f"enrolment {text[:80]!r}; expected JSON with name, threads, logs"
            ) from error
        is_sound = (
            isinstance(made.name, str)
            and len(made.name) <= MAX_NAME
            and type(made.threads) is int
            and 1 <= made.threads <= 4096
            and isinstance(made.logs, dict)
            and isinstance(made.has_ops, bool)
        )
        if not is_sound:
            raise EnrolmentError(f"enrolment {text[:80]!r}; expected a name, 1 to 4096 threads, options")
        return made

    @property
    def fd_count(self) -> int:
        """How many descriptors come with it."""
        return _ENROL_FDS + self.has_ops


def send_message(sock: socket.socket, word: Word, text: str = "", fds: Sequence[int] = ()) -> None:
    """Send one message; its descriptors stay ours.

    Raises:
        BlockingIOError: the other side does not read.
        OSError: it is gone; or the message is too long for the socket.
    """
    packet = f"{PROTOCOL} {word.value}\n{text}".encode("utf-8", "surrogateescape")
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", fds))] if fds else []
    sock.sendmsg([packet], rights, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


def receive_message(sock: socket.socket) -> Message | None:
    """Receive one message; None = the other side has closed.

    Raises:
        BlockingIOError: there is none.
        EnrolmentError: it is none; its descriptors are closed.
        OSError: the connection is broken.
    """
    # Not socket.recv_fds: it drops its flags.
    flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
    packet, rights, marks, _ = sock.recvmsg(MAX_BYTES, socket.CMSG_LEN(MAX_FDS * _FD_BYTES), flags)
    fds = _fds_of(rights)
    if not packet and not fds:
        return None
    try:
        word, text = _read(packet, is_cut=bool(marks & (socket.MSG_TRUNC | socket.MSG_CTRUNC)))
    except EnrolmentError:
        close_all(fds)
        raise
    return Message(word, text, tuple(fds))


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors that came with a message."""
    for fd in fds:
        os.close(fd)


def _fds_of(rights: Sequence[tuple[int, int, bytes]]) -> list[int]:
    fds = array("i")
    for level, kind, content in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) // _FD_BYTES * _FD_BYTES])
    return list(fds)


def _read(packet: bytes, *, is_cut: bool) -> tuple[Word, str]:
    if is_cut:
        raise EnrolmentError(f"a message beyond {MAX_BYTES} bytes or {MAX_FDS} descriptors")
    head, _, rest = packet.partition(b"\n")
    protocol, _, name = head.decode("ascii", "replace").partition(" ")
    if protocol != PROTOCOL:
        raise EnrolmentError(f"protocol {protocol[:40]!r}; expected {PROTOCOL}")
    try:
        return Word(name), rest.decode("utf-8", "surrogateescape")
    except ValueError as error:
        raise EnrolmentError(f"word {name[:40]!r}; expected one of this protocol's") from error
