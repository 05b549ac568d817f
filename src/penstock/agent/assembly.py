"""The one place where the agent's stations, and the sources of a server's metrics, are made, a line each.

In:     the configuration; the gatherer that those who send metrics on ask. Its sources are given later, by
        whoever knows the tenants: those of the stations are among them.
Out:    stations, in the order in which they are called.
Never:  decides what a station does when it is off: one that is not configured is not made.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from penstock.agent.dogstatsd import DogStatsD, read_options
from penstock.agent.errors import ErrorTracker
from penstock.agent.exporters import OTLP, DogStatsDOut
from penstock.agent.metrics import (
    ApplicationMetrics,
    Gatherer,
    ProcessMetrics,
    ServerMetrics,
    Slowness,
    Source,
)
from penstock.agent.station import Station
from penstock.agent.store import Keeper
from penstock.agent.traces import Traces, TraceSink
from penstock.config import Config, StoreConfig
from penstock.telemetry.memory.segment import Segment


def stations_of(config: Config, gatherer: Gatherer) -> list[Station]:
    """Return the stations that a configuration asks for; traces go to those of them that keep any."""
    stations = list(_stations(config, gatherer))
    sinks = [station for station in stations if isinstance(station, TraceSink)]
    return [*stations, Traces(sinks)]


def sources_of(
    segment: Segment,
    threads: int,
    master_pid: int,
    slowness: Slowness,
    *,
    has_master: Callable[[], bool] | None = None,
) -> list[Source]:
    """Return what measures one server.

    Args:
        segment: mapped.
        threads: application threads of each worker.
        master_pid: the master's, as the kernel said.
        slowness: knows the requests to look at.
        has_master: see ServerMetrics.
    """
    return [
        ServerMetrics(
            segment, threads, master_pid, lambda: slowness.exemplars(segment), has_master=has_master
        ),
        ProcessMetrics(segment, master_pid),
        ApplicationMetrics(segment),
    ]


def _stations(config: Config, gatherer: Gatherer) -> Iterator[Station]:
    """One line each: `if config.x.y: yield X(config.x)`."""
    errors = ErrorTracker()
    yield errors
    if config.store.store != "off":
        yield _store(config.store, gatherer, errors)
    if config.dogstatsd.dogstatsd:
        yield DogStatsD(read_options(config.dogstatsd))
    if out := read_options(config.dogstatsd).out:
        yield DogStatsDOut(out, gatherer.gather)
    if config.otlp.otlp_endpoint:
        yield OTLP(config.otlp, gatherer)


def _store(config: StoreConfig, gatherer: Gatherer, errors: ErrorTracker) -> Keeper:
    return Keeper(
        Path(config.store),
        max_bytes=config.store_max_bytes,
        max_age_s=config.store_max_age_s,
        gather=gatherer.gather,
        errors=errors,
    )
