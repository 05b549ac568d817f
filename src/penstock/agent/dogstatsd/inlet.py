"""One socket that takes datagrams: opened, drained in short turns, closed.

A Unix socket that an earlier agent left behind is replaced; one that somebody listens on, and anything that
is no socket, is left alone. The kernel drops what finds a UDP socket's buffer full, and says how much; a Unix
socket drops nothing: its sender waits, or is told.

In:     an address.
Out:    datagrams, to whoever drains.
Never:  blocks; hands on a datagram that may have been cut.

Rules:  udp(7), unix(7), socket(7) SO_RCVBUF; linux/sock_diag.h SO_MEMINFO for the drops.
"""

import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from penstock.agent.dogstatsd.address import DatagramAddress
from penstock.telemetry.socket_path import remove_stale_socket

# Asked for; the kernel grants net.core.rmem_max, 208 KiB as a rule: some 270 small datagrams.
_BUFFER_BYTES: Final = 4 << 20
# The largest that UDP over IPv4 has. A Unix datagram may be larger: it is not taken.
MAX_DATAGRAM_BYTES: Final = 65507
# The rings of all workers wait meanwhile.
TURN_S: Final = 0.002
_LOOK_EVERY: Final = 32
# As Datadog's agent has it: everybody may send, as by UDP. A folder around it can forbid that.
_MODE: Final = 0o722
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")  # the last is the number of drops


class InletError(Exception):
    """A socket cannot be opened now; its message says which and why."""


class Inlet:
    """One open socket.

    Args:
        address: where.

    Attributes:
        fd: to poll.
        oversized_count: datagrams that were too large to be taken whole.

    Raises:
        InletError: the address is taken, or not ours to take.
    """

    def __init__(self, address: DatagramAddress) -> None:
        self.address = address
        self.oversized_count = 0
        try:
            self._sock = _open(address)
            self._file = _file_of(address)
        except OSError as error:
            raise InletError(
                f"cannot take datagrams on {address}: {os.strerror(error.errno or 0)}"
            ) from error
        self.fd = self._sock.fileno()

    def drain(self, take: Callable[[bytes], None], now: Callable[[], float] = time.monotonic) -> bool:
        """Hand on what has come, for 2 ms at most; True = there may be more.

        Args:
            take: given each datagram; it must not raise.
            now: monotonic seconds.
        """
        receive = self._sock.recv
        until_s = now() + TURN_S
        try:
            while True:
                for _ in range(_LOOK_EVERY):
                    datagram = receive(MAX_DATAGRAM_BYTES + 1)
                    if len(datagram) > MAX_DATAGRAM_BYTES:
                        self.oversized_count += 1
                    else:
                        take(datagram)
                if now() >= until_s:
                    return True
        except OSError:  # nothing more; or an error of an earlier datagram, which takes nothing from the next
            return False

    def dropped_count(self) -> int:
        """Return how many datagrams the kernel dropped since the socket was opened."""
        try:
            found = self._sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:  # before Linux 4.12
            return 0
        return int(_MEMINFO.unpack(found)[-1]) if len(found) == _MEMINFO.size else 0

    def close(self) -> None:
        """Close, and remove the file of a Unix socket if it still is ours."""
        self._sock.close()
        if self._file is not None and _file_of(self.address) == self._file:
            with contextlib.suppress(OSError):
                Path(str(self.address.place)).unlink()


def _open(address: DatagramAddress) -> socket.socket:
    """Open and bind.

    Raises:
        OSError: as of bind(2).
    """
    sock = socket.socket(address.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        if isinstance(address.place, str):
            remove_stale_socket(address.place, socket.SOCK_DGRAM)
            sock.bind(address.place)
            Path(address.place).chmod(_MODE)
        else:
            sock.bind(address.place)
    except OSError:
        sock.close()
        raise
    return sock


def _file_of(address: DatagramAddress) -> tuple[int, int] | None:
    """Return device and inode of a Unix socket's file; None = there is none."""
    if not isinstance(address.place, str):
        return None
    try:
        found = os.lstat(address.place)
    except OSError:
        return None
    return found.st_dev, found.st_ino
