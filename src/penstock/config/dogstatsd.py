"""Options of DogStatsD: what is taken from other processes, and what is sent to a Datadog agent."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DogStatsDConfig:
    """DogStatsD in and out; both off unless asked for."""

    dogstatsd: tuple[str, ...] = option(
        (),
        help="where DogStatsD is taken: ADDRESS:PORT (UDP; 127.0.0.1:8125 is what clients expect), unix:PATH",
        reason="nothing that nobody asked for listens",
    )
    dogstatsd_max_series: int = option(
        10_000,
        help="series kept of what DogStatsD brought; more go to one overflow series a name",
        reason="some 10 MB; a tag with a user's id in it must not take the machine's memory",
        unit="count",
        minimum=1,
        maximum=100_000,
    )
    dogstatsd_expiry_s: float = option(
        3600.0,
        help="after how long without a value a series is forgotten",
        reason="a job that runs each half hour keeps its counter; what a deployment renamed goes",
        unit="s",
        minimum=60,
    )
    dogstatsd_buckets: tuple[str, ...] = option(
        (),
        help="bounds of histograms, rising; empty = 1, 2.5 and 5 of each power of ten from 0.001 to 500000",
        reason="nobody says whether a timer is in seconds or milliseconds",
    )
    dogstatsd_out: str = option(
        "off",
        help="send all metrics on as DogStatsD each 10 s: ADDRESS:PORT (UDP), unix:PATH, off",
        reason="for those who have a Datadog agent",
    )
