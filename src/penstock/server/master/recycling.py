"""Whose time has come: workers that have answered enough, lived long enough, or grown too large.

In:     the members of the roster, their counts in the shared memory, the kernel's account of their memory.
Out:    pids to replace, with the reason.
Never:  stops anybody (roster.py replaces one at a time, successor first).
"""

import dataclasses
import random
from collections.abc import Callable, Iterable
from typing import Final

from penstock.config import ServerConfig
from penstock.server.master.lifecycle import State
from penstock.server.master.roster import Member
from penstock.telemetry import Segment, finished_requests
from penstock.telemetry.reading.usage import resident

LOOK_EVERY_S: Final = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """A worker that is to be replaced, and why, as fields of a log line."""

    member: Member
    reason: str


class Recycler:
    """Looks at all workers once a second, if anything is to be looked at.

    Args:
        segment: where workers count their requests.
        draw: returns a whole number from 0 to its argument, by chance.
    """

    def __init__(self, segment: Segment, draw: Callable[[int], int] | None = None) -> None:
        self._segment = segment
        self._draw = draw or (lambda most: random.randint(0, most))  # noqa: S311 - it spreads, it hides nothing
        self._jitter: dict[int, int] = {}  # by pid
        self._look_at_s = 0.0

    def wait_s(self, server: ServerConfig, now_s: float) -> float | None:
        """Return the seconds until the next look; None = nothing is configured."""
        return max(0.0, self._look_at_s - now_s) if _is_wanted(server) else None

    def due(self, server: ServerConfig, members: Iterable[Member], now_s: float) -> list[Due]:
        """Return the ready workers whose time has come; an empty list between looks."""
        if not _is_wanted(server) or now_s < self._look_at_s:
            return []
        self._look_at_s = now_s + LOOK_EVERY_S
        ready = [member for member in members if member.state is State.READY]
        self._jitter = {
            member.pid: self._jitter.get(member.pid, -1) for member in ready
        }  # those of the dead are forgotten
        judged = [(member, self._reason(server, member, now_s)) for member in ready]
        return [Due(member, reason) for member, reason in judged if reason]

    def _reason(self, server: ServerConfig, member: Member, now_s: float) -> str:
        requests = finished_requests(self._segment, member.slot)
        if server.max_requests and requests >= server.max_requests + self._extra(server, member.pid):
            return f"max_requests={server.max_requests} requests={requests}"
        lived_s = now_s - member.started_s
        if server.max_lifetime_s and lived_s >= server.max_lifetime_s:
            return f"max_lifetime_s={server.max_lifetime_s:g} lived_s={lived_s:.0f}"
        resident_bytes = resident(member.pid) if server.max_rss_bytes else 0
        if server.max_rss_bytes and resident_bytes >= server.max_rss_bytes:
            return f"max_rss_bytes={server.max_rss_bytes} rss_bytes={resident_bytes}"
        return ""

    def _extra(self, server: ServerConfig, pid: int) -> int:
        if self._jitter[pid] < 0:
            self._jitter[pid] = self._draw(server.max_requests_jitter)
        return self._jitter[pid]


def _is_wanted(server: ServerConfig) -> bool:
    return bool(server.max_requests or server.max_lifetime_s or server.max_rss_bytes)
