"""The process of a machine's agent: its door, its signals, its loop.

It leaves when TERM or INT comes: what the rings hold is written, the connections end, and the memory of the
masters keeps what their workers record until the next agent is there; so another configuration means another
agent, and HUP is not obeyed. USR1 opens all log files again by name.

In:     a listening socket, the configuration.
Out:    returns when it was told to leave.
Never:  opens the socket (cli/agent/command.py), takes in anybody whom the house does not know (admission.py).

Rules:  signal(7).
"""

import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol

from penstock.agent.agent import Agent
from penstock.agent.assembly import stations_of
from penstock.agent.census import Census
from penstock.agent.crew import Crew
from penstock.agent.machine.admission import House
from penstock.agent.machine.estate import Estate
from penstock.agent.machine.herald import Herald
from penstock.agent.metrics import BOUNDS_S, Gatherer, Slowness
from penstock.agent.ops import OpsPort
from penstock.agent.ops.machine_desk import MachineDesk
from penstock.agent.process import drain_to_end
from penstock.agent.signals import Signals
from penstock.config import Config

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Supervisor(Protocol):
    """Who started us, and wants to know how we do (systemd)."""

    def tell(self, *, is_stopping: bool, status: str) -> None:
        """Take note of where we stand."""

    def beat(self, now_s: float) -> None:
        """Take note that the loop turns."""


def run_machine(
    listener: socket.socket, config: Config, supervisor: Supervisor, ops: socket.socket | None = None
) -> None:
    """Take masters in until told to leave. The process's main thread.

    Args:
        listener: a Unix socket that keeps messages apart, listening, not blocking.
        config: whom to let in, the stations, the agent's own log.
        supervisor: told when we are ready and when we leave.
        ops: the ops port's listener, where there is one.

    Raises:
        ConfigError: a user or group in it is no number.
    """
    house = House.of(config.machine, os.geteuid())
    signals = Signals()
    signals.install(_STOPPING)
    poller = select.poll()
    poller.register(signals.fd, select.POLLIN)
    herald = Herald(config.agent)
    gatherer = Gatherer()
    estate = Estate(listener, house, herald.say)
    census = Census("machine", config.machine.agent_socket)
    slowness = Slowness(BOUNDS_S)
    crew = Crew([slowness, *stations_of(config, gatherer), estate, census])
    for source in crew.sources:
        gatherer.add(source)
    agent = Agent(poller, crew, herald.say, expel=estate.expel)
    estate.settle(agent, crew, gatherer, slowness)
    census.settle(agent, crew, estate.describe)
    gc.freeze()
    gc.disable()  # see process.py
    port = OpsPort(ops, MachineDesk(census.take, gatherer)) if ops else None
    if port:
        port.start()
    try:
        loop(agent, signals, supervisor, herald)
    finally:
        if port:
            port.stop()
        agent.close()
        herald.close()
        signal.set_wakeup_fd(-1)
        signals.close()


def loop(
    agent: Agent,
    signals: Signals,
    supervisor: Supervisor,
    herald: Herald,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Step and wait until told to leave; then write out."""
    while not signals.is_stopping:
        agent.step()
        supervisor.tell(is_stopping=False, status=f"{len(agent.tenants)} masters")
        supervisor.beat(now())
        if signals.take_reopen():
            agent.reopen()
            herald.reopen()
        agent.wait()
    supervisor.tell(is_stopping=True, status="writing out")
    drain_to_end(agent, now)
