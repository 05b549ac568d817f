"""The one place where the agent's stations are made, a line each.

In:     the configuration.
Out:    stations, in the order in which they are called.
Never:  decides what a station does when it is off: one that is not configured is not made.
"""

from collections.abc import Iterator

from penstock.agent.station import Station
from penstock.config import Config


def stations_of(config: Config) -> list[Station]:
    """Return the stations that a configuration asks for."""
    return list(_stations(config))


def _stations(_config: Config) -> Iterator[Station]:
    """One line each: `if config.x.y: yield X(config.x)`."""
    yield from ()
