"""The process of an embedded agent: its parent's life, and the loop until it is told to leave.

It leaves when TERM comes and its master means it (a service manager may send TERM to the whole group, and the
last lines are still to come then), having written what the rings hold; when its parent is gone it stays
until the workers are, 3 s at most. USR1 opens the files again. INT, QUIT and HUP of a terminal are the
master's business.

In:     what `penstock serve` forked it with.
Out:    returns when there is nothing left to do; the caller ends the process.
Never:  formats or writes (tenant.py).

Rules:  pidfd_open(2).
"""

import gc
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Final

from penstock.agent.agent import Agent
from penstock.agent.assembly import sources_of, stations_of
from penstock.agent.census import Census
from penstock.agent.crew import Crew
from penstock.agent.metrics import BOUNDS_S, Gatherer, Slowness
from penstock.agent.ops import Desk, OpsPort, OpsSeat, Subject
from penstock.agent.signals import Signals
from penstock.agent.tenant import Tenant
from penstock.config import Config
from penstock.telemetry.memory.segment import Segment

_DRAIN_S: Final = 2.0  # longest time without progress before TERM is obeyed although records are left
_ORPHAN_S: Final = 3.0  # workers leave at most 2 s after their master


def run_agent(segment: Segment, config: Config, parent_pid: int, seat: OpsSeat | None = None) -> None:
    """Drain all rings into the logs until TERM comes or the parent is gone. The process's main thread.

    Args:
        segment: mapped writable, with the eventfd that workers wake the agent with.
        config: the options of the agent and its stations.
        parent_pid: the master's pid.
        seat: the ops port's, where there is one.
    """
    signals = Signals()
    signals.install()
    parent_fd = open_parent(parent_pid)
    poller = select.poll()
    for fd in (signals.fd, parent_fd):
        if fd >= 0:
            poller.register(fd, select.POLLIN)
    slowness = Slowness(BOUNDS_S)
    gatherer = Gatherer(sources_of(segment, config.server.threads, parent_pid, slowness))
    census = Census("embedded")
    crew = Crew([slowness, *stations_of(config, gatherer), census])
    for source in crew.sources:
        gatherer.add(source)
    tenant = Tenant(segment, config.agent, crew, name=config.application.application)
    agent = Agent(poller, crew, tenant.say)
    agent.admit(tenant)
    whose: dict[str, int | str] = {"master_pid": parent_pid, "uid": os.getuid(), "stage": "embedded"}
    census.settle(agent, crew, lambda _: whose)
    # No record makes a cycle, and a collection each 700 tuples costs 5 %; agent.py collects each minute.
    gc.freeze()
    gc.disable()
    subject = Subject(
        segment, config.server.threads, config.agent.log_query, parent_pid, gatherer, crew.report
    )
    port = _open_port(seat, subject) if seat else None
    try:
        loop(agent, tenant, signals, parent_fd)
    finally:
        if port:
            port.stop()
        agent.close()
        signal.set_wakeup_fd(-1)
        signals.close()


def _open_port(seat: OpsSeat, subject: Subject) -> OpsPort:
    port = OpsPort(seat.listener, Desk(subject))
    port.start()
    return port


def open_parent(parent_pid: int) -> int:
    """A descriptor that is readable when the parent is gone; -1 = it is gone already."""
    try:
        fd = os.pidfd_open(parent_pid)
    except OSError:
        return -1
    if os.getppid() != parent_pid:  # it went before, and the pid may be another's by now
        os.close(fd)
        return -1
    return fd


def loop(
    agent: Agent,
    tenant: Tenant,
    signals: Signals,
    parent_fd: int,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Step and wait until it is time to leave: the one tenant's master says so, or it is gone."""
    orphaned_at = now() if parent_fd < 0 else 0.0
    while not (signals.is_stopping and tenant.is_dismissing):
        agent.step()
        if signals.take_reopen():
            agent.reopen()
        if orphaned_at and (tenant.are_workers_gone() or now() - orphaned_at > _ORPHAN_S):
            break
        if parent_fd in agent.wait() and not orphaned_at:
            agent.forget(parent_fd)
            orphaned_at = now()
    drain_to_end(agent, now)


def drain_to_end(agent: Agent, now: Callable[[], float] = time.monotonic, pause: float = 0.01) -> None:
    """Write what is left; an output that takes nothing for 2 s does not hold the stop up."""
    moved_at = now()
    while not agent.is_empty() and now() - moved_at < _DRAIN_S:
        if agent.step():
            moved_at = now()
        else:
            time.sleep(pause)
