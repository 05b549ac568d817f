"""What the operator decided about DogStatsD, checked.

In:     texts and numbers of the configuration.
Out:    DogStatsDOptions.
Never:  opens anything.
"""

import dataclasses
import itertools
import math
from typing import Final

from penstock.agent.dogstatsd.address import DatagramAddress, DatagramAddressError, parse_datagram_address
from penstock.config import DogStatsDConfig

# 1, 2.5 and 5 of each power of ten: nobody says whether a timer is in milliseconds or seconds.
BOUNDS: Final = tuple(float(f"{digit}e{power}") for power in range(-3, 6) for digit in ("1", "2.5", "5"))
_MAX_BOUNDS: Final = 100


class DogStatsDOptionError(ValueError):
    """An option cannot be used; its message says which, what came and what was expected."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DogStatsDOptions:
    """What is taken, and how much of it is kept.

    Attributes:
        addresses: where datagrams are taken.
        max_series: kept at once.
        expiry_s: after how long without a value a series is forgotten, a minute more or less.
        bounds: of histograms.
        out: where all metrics are sent; None = nowhere.
    """

    addresses: tuple[DatagramAddress, ...] = ()
    max_series: int = 10_000
    expiry_s: float = 3600.0
    bounds: tuple[float, ...] = BOUNDS
    out: DatagramAddress | None = None


def read_options(config: DogStatsDConfig) -> DogStatsDOptions:
    """Check the options.

    Raises:
        DogStatsDOptionError: an address or a bound is none, or what is sent would come back in.
    """
    addresses = tuple(_address("dogstatsd", text) for text in config.dogstatsd)
    out = None if config.dogstatsd_out == "off" else _address("dogstatsd_out", config.dogstatsd_out)
    if out in addresses:
        raise DogStatsDOptionError(f"dogstatsd_out {str(out)!r}: it would come back in; expected another one")
    return DogStatsDOptions(
        addresses=addresses,
        max_series=config.dogstatsd_max_series,
        expiry_s=config.dogstatsd_expiry_s,
        bounds=_bounds(config.dogstatsd_buckets),
        out=out,
    )


def _address(option: str, text: str) -> DatagramAddress:
    try:
        return parse_datagram_address(text)
    except DatagramAddressError as error:
        raise DogStatsDOptionError(f"{option}: {error}") from None


def _bounds(texts: tuple[str, ...]) -> tuple[float, ...]:
    try:
        bounds = tuple(map(float, texts))
    except ValueError:
        bounds = (math.nan,)
    is_rising = all(lower < upper for lower, upper in itertools.pairwise(bounds))
    if not is_rising or not all(map(math.isfinite, bounds)) or len(bounds) > _MAX_BOUNDS:
        raise DogStatsDOptionError(f"dogstatsd_buckets {texts!r}; expected rising numbers, 100 at most")
    return bounds or BOUNDS
