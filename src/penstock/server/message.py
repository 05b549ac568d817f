"""What the processes of one server say to each other while workers are made: the whole vocabulary.

    worker -> master      HELLO     I am born (the kernel says who speaks)
                          READY     I accept connections
                          FAILED    I cannot boot: why
    template -> master    HAZARDS   what a fork would break, and where it was started
                          READY     the application is imported, ask me for workers
                          FAILED    it cannot be imported: why
    master -> template    an order: slot (0 = an errand), generation, whether it is the only worker; with the
                          channel of the process to be

A channel is one pair of sockets that keeps messages apart (SOCK_SEQPACKET): a channel that ends without READY
or FAILED belonged to a process that died.

In:     words and texts.
Out:    messages.
Never:  waits for more than one message; believes a pid that another process wrote.

Rules:  unix(7) SCM_CREDENTIALS, SCM_RIGHTS.
"""

import dataclasses
import os
import socket
import struct
from typing import Final

HELLO: Final = b"H"
READY: Final = b"R"
FAILED: Final = b"F"
HAZARDS: Final = b"Z"

# Far below what the kernel takes at once (net.core.wmem_default is 208 KiB); a traceback rarely has 5 KB.
MAX_TEXT_BYTES: Final = 60_000

_CREDENTIALS: Final = struct.Struct("=iII")  # pid, uid, gid
_ORDER: Final = struct.Struct("=II")
_FD: Final = struct.Struct("=i")


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One message: its word, its text, and the pid of the process that sent it."""

    word: bytes
    text: str = ""
    pid: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One worker that a template shall fork, and the worker's end of its channel."""

    slot: int
    generation: int
    channel_fd: int


def open_channel() -> tuple[socket.socket, socket.socket]:
    """Return the master's end, which is told by the kernel who speaks, and the other.

    Raises:
        OSError: there can be no more descriptors now.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    ours.setblocking(False)
    return ours, theirs


def send_message(fd: int, word: bytes, text: str = "") -> bool:
    """Say something; of a long text its end is kept, where a traceback says what happened.

    Returns:
        False: nobody listens any more.
    """
    raw = text.encode("utf-8", "replace")
    try:
        os.write(fd, word + raw[-MAX_TEXT_BYTES:])
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def receive_message(channel: socket.socket) -> Message | None:
    """Return the next message, None = the channel has ended.

    Raises:
        BlockingIOError: nothing was said yet.
    """
    room = socket.CMSG_SPACE(_CREDENTIALS.size)
    try:
        raw, ancillary, _, _ = channel.recvmsg(1 + MAX_TEXT_BYTES, room)
    except ConnectionResetError:
        return None
    if not raw:
        return None
    pids = [
        _CREDENTIALS.unpack_from(content)[0]
        for level, kind, content in ancillary
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
    ]
    return Message(raw[:1], raw[1:].decode("utf-8", "replace"), pids[0] if pids else 0)


def send_order(channel: socket.socket, order: Order) -> None:
    """Ask a template for a worker.

    Raises:
        OSError: the template has gone, or has not taken earlier orders.
    """
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _FD.pack(order.channel_fd))]
    channel.sendmsg([_ORDER.pack(order.slot, order.generation)], rights)


def receive_order(channel: socket.socket) -> Order | None:
    """Wait for the next order; None = the master has gone or wants no more."""
    try:
        raw, ancillary, _, _ = channel.recvmsg(
            _ORDER.size, socket.CMSG_SPACE(_FD.size), socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:
        return None
    if not raw:
        return None
    slot, generation = _ORDER.unpack(raw)
    ((_, _, content),) = ancillary
    return Order(slot, generation, _FD.unpack(content)[0])
