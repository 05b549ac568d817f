"""What a service manager (systemd) is told: readiness, reloads, the stop, and that the master's loop turns.

           workers are ready            HUP
 STARTING ------------------> READY <--------> RELOADING
    |                           |   it is over     |
    +---------------------------+------------------+----> STOPPING

The master says after each turn of its loop where it stands; only what changed is sent. The watchdog is fed
from the same place and from nowhere else: a master that hangs starves it.

In:     phases, a line for people, the time.
Out:    datagrams to the manager's socket; without one, nothing.
Never:  waits, raises, reads the environment (cli/supervision.py does).

Rules:  sd_notify(3), systemd.service(5) Type=notify and notify-reload.
"""

import contextlib
import enum
import os
import socket
import time
from typing import Final

_US_PER_S: Final = 1_000_000


class Phase(enum.Enum):
    """Where the server stands, in the manager's terms."""

    STARTING = "starting"
    READY = "ready"
    RELOADING = "reloading"
    STOPPING = "stopping"


class Notifier:
    """Tells one manager.

    Args:
        address: a path, or `@NAME` in the abstract namespace; "" = nobody listens.
        watchdog_s: within which time the manager wants to hear that we live; 0 = it does not.
    """

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every_s = watchdog_s / 2
        self._beat_due_s = 0.0
        self._phase = Phase.STARTING
        self._status = ""

    def tell(self, phase: Phase, status: str) -> None:
        """Say where the server stands, if that is news.

        Args:
            phase: READY again after RELOADING ends the reload, whether it went well or not.
            status: one line for `systemctl status`.
        """
        lines = []
        if phase is not self._phase:
            self._phase = phase
            lines += _entry(phase)
        if status != self._status:
            self._status = status
            lines.append(f"STATUS={status}")
        if lines:
            self._send(lines)

    def extend(self, timeout_s: float) -> None:
        """Ask for so much time from now until the end of what is going on."""
        self._send([f"EXTEND_TIMEOUT_USEC={int(timeout_s * _US_PER_S)}"])

    def hand_over(self, pid: int) -> None:
        """Name the process that is the service from now on."""
        self._send([f"MAINPID={pid}"])

    def beat(self, now_s: float) -> None:
        """Feed the watchdog, if it is time: twice in its interval."""
        if self._every_s and now_s >= self._beat_due_s:
            self._beat_due_s = now_s + self._every_s
            self._send(["WATCHDOG=1"])

    def wait_s(self, now_s: float) -> float | None:
        """Return the seconds until the watchdog must be fed; None = there is none."""
        return max(0.0, self._beat_due_s - now_s) if self._every_s else None

    def _send(self, lines: list[str]) -> None:
        if not self._address:
            return
        # A manager that is gone or does not read is no reason to stop serving; nothing can be said about it
        # either.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)


def _entry(phase: Phase) -> list[str]:
    """Return what entering a phase is called."""
    if phase is Phase.READY:
        return ["READY=1", f"MAINPID={os.getpid()}"]
    if phase is Phase.RELOADING:
        # notify-reload takes our word only if it is younger than its signal.
        return ["RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"]
    return ["STOPPING=1"] if phase is Phase.STOPPING else []
