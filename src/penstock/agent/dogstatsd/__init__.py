"""DogStatsD in: datagrams from anything on the machine become metrics like all others."""

from penstock.agent.dogstatsd.options import DogStatsDOptionError, DogStatsDOptions, read_options
from penstock.agent.dogstatsd.station import DogStatsD

__all__ = [
    "DogStatsD",
    "DogStatsDOptionError",
    "DogStatsDOptions",
    "read_options",
]
