"""The agent: one process that turns what all workers of its tenants recorded into logs, metrics and traces.

Under load it looks at the rings each 10 ms, and in between when a worker says that a ring is filling. After a
quarter of a second without a record it parks: it marks the headers, looks once more, and waits until a worker
that finds the mark wakes it. (The mark and the look cross without a memory barrier; should both miss, it
looks within a second.)

In:     tenants (tenant.py), stations (crew.py).
Out:    turns: everybody drained as far as outputs take it, everybody told what is readable.
Never:  blocks on an output, ends because of what a record holds or a station does.
"""

import contextlib
import gc
import select
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from penstock.agent.crew import Crew
from penstock.agent.tenant import Tenant
from penstock.agent.watch import Notice

# Short bursts: on one core with a busy worker, its clients wait for each. The 99th percentile of a hello was
# 3.1 ms with 20 ms, 2.4 with 10 and 1.7 with 5, the CPU the same within 3 %; 10 wakes half as often as 5.
LOOK_EVERY_S: Final = 0.01
_PARK_AFTER_S: Final = 0.25
_PARKED_S: Final = 1.0
_TICK_EVERY_S: Final = 1.0
# The process runs without automatic collections (process.py); what came and went leaves cycles all the same.
_COLLECT_EVERY_S: Final = 60.0
_MAX_ROUNDS: Final = 64  # turns of all rings before signals and outputs are looked at again


class Agent:
    """Everything but the process: signals and parent are run_agent's (process.py).

    Args:
        poller: what the caller waits for stands in it already.
        crew: the stations.
        say: where to say what no tenant has said.
        expel: what to do about a tenant that cannot be drained; unless given, the error ends the agent.
        now: monotonic seconds.
    """

    def __init__(
        self,
        poller: select.poll,
        crew: Crew,
        say: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        *,
        expel: Callable[[Tenant, Exception], None] | None = None,
    ) -> None:
        self._poller = poller
        self._crew = crew
        self._say = say
        self._expel = expel
        self._now = now
        self._tenants: dict[int, Tenant] = {}  # by the descriptor that wakes us
        self._watched: frozenset[int] = frozenset()  # descriptors of stations
        self._moved_at = now()
        self._ticked_at = 0.0
        self._collected_at = now()

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """Who is there now."""
        return tuple(self._tenants.values())

    def admit(self, tenant: Tenant) -> None:
        """Drain a tenant from now on."""
        self._tenants[tenant.wake_fd] = tenant
        self._poller.register(tenant.wake_fd, select.POLLIN)
        self._moved_at = self._now()
        self._crew.joined(tenant)

    def dismiss(self, tenant: Tenant) -> None:
        """Drain a tenant no more, and close it: what its outputs have not taken is lost and counted."""
        del self._tenants[tenant.wake_fd]
        self._poller.unregister(tenant.wake_fd)
        self._crew.left(tenant)
        tenant.close()

    def forget(self, fd: int) -> None:
        """Wait no more for a descriptor of the caller's."""
        self._poller.unregister(fd)

    def step(self) -> bool:
        """Write what the rings hold, as far as the outputs take it; True = something moved."""
        moved = False
        for _ in range(_MAX_ROUNDS):
            if not self._step_all():
                break
            moved = True
        if moved:
            self._moved_at = self._now()
        self._tick()
        return moved

    def wait(self) -> list[int]:
        """Wait for the next thing to do: 10 ms under load, until woken when nothing comes.

        Returns:
            Those of the caller's descriptors that are readable.
        """
        self._watch_stations()
        if any(tenant.pending_bytes for tenant in self.tenants):
            return self._wait_for_outputs([fd for tenant in self.tenants for fd in tenant.stalled_fds()])
        if self._now() - self._moved_at < _PARK_AFTER_S:
            return self._poll(LOOK_EVERY_S)
        return self._park()

    def is_empty(self) -> bool:
        """Nothing is left to write."""
        return all(tenant.is_empty() for tenant in self.tenants)

    def reopen(self) -> None:
        """Open log files again by name."""
        for tenant in self.tenants:
            tenant.reopen()

    def close(self) -> None:
        """Give up what outputs did not take, and close all."""
        for tenant in self.tenants:
            self.dismiss(tenant)
        self._crew.close()

    def _step_all(self) -> bool:
        """Let each have its turn; True = something moved."""
        moved = False
        for tenant in self.tenants:
            with self._guarding(tenant):
                moved = tenant.step() or moved
        return moved

    @contextlib.contextmanager
    def _guarding(self, tenant: Tenant) -> Iterator[None]:
        """Expel a tenant in which something fails: what others have recorded is written all the same."""
        try:
            yield
        except Exception as error:
            if self._expel is None:
                raise
            self._expel(tenant, error)

    def _park(self) -> list[int]:
        for tenant in self.tenants:
            tenant.mark_parked(is_parked=True)
        try:
            return self._poll(_PARKED_S) if self.is_empty() else []
        finally:
            for tenant in self.tenants:
                tenant.mark_parked(is_parked=False)

    def _wait_for_outputs(self, fds: Iterable[int]) -> list[int]:
        """Wait until an output takes more. A wake-up means nothing then: its records have nowhere to go."""
        fds = list(fds)
        for fd in fds:
            self._poller.register(fd, select.POLLOUT)
        try:
            return self._poll(LOOK_EVERY_S)
        finally:
            for fd in fds:
                self._poller.unregister(fd)

    def _watch_stations(self) -> None:
        """Follow which descriptors the stations have."""
        fds = self._crew.fds()
        for fd in self._watched - fds:
            self._poller.unregister(fd)
        for fd in fds - self._watched:
            self._poller.register(fd, select.POLLIN)
        self._watched = fds

    def _poll(self, timeout_s: float) -> list[int]:
        others = []
        for fd, _ in self._poller.poll(timeout_s * 1000):
            if fd in self._tenants:
                self._tenants[fd].take_wake_up()
            elif fd in self._watched:
                self._crew.readable(fd)
            else:
                others.append(fd)
        return others

    def _tick(self) -> None:
        """Once a second: let everybody look after themselves."""
        now_s = self._now()
        if now_s - self._ticked_at < _TICK_EVERY_S:
            return
        self._ticked_at = now_s
        for tenant in self.tenants:
            with self._guarding(tenant):
                tenant.tick()
        self._crew.tick(now_s)
        for notice in self._crew.take_notices():
            self._say(notice)
        if now_s - self._collected_at >= _COLLECT_EVERY_S:
            self._collected_at = now_s
            gc.collect()
