import pytest

from penstock.agent.dogstatsd.options import BOUNDS, DogStatsDOptionError, read_options
from penstock.config import DogStatsDConfig


def test_nothing_is_taken_and_nothing_sent_unless_asked_for() -> None:
    options = read_options(DogStatsDConfig())
    assert (options.addresses, options.out, options.bounds) == ((), None, BOUNDS)


def test_addresses_and_bounds_are_read() -> None:
    config = DogStatsDConfig(
        dogstatsd=("127.0.0.1:8125", "unix:/run/d"),
        dogstatsd_out="[::1]:8125",
        dogstatsd_buckets=("0.5", "2"),
    )
    options = read_options(config)
    assert [str(address) for address in options.addresses] == ["127.0.0.1:8125", "unix:/run/d"]
    assert (str(options.out), options.bounds) == ("[::1]:8125", (0.5, 2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"dogstatsd": ("8125",)}, "dogstatsd: address '8125'", id="in"),
        pytest.param({"dogstatsd_out": "on"}, "dogstatsd_out: address 'on'", id="out"),
        pytest.param({"dogstatsd_buckets": ("2", "1")}, "rising numbers", id="falling-bounds"),
        pytest.param({"dogstatsd_buckets": ("1", "many")}, "rising numbers", id="word-as-bound"),
        pytest.param({"dogstatsd_buckets": ("1", "inf")}, "rising numbers", id="infinite-bound"),
        pytest.param({"dogstatsd_buckets": tuple(map(str, range(101)))}, "100 at most", id="many-bounds"),
        pytest.param(
            {"dogstatsd": ("localhost:8125",), "dogstatsd_out": "127.0.0.1:8125"}, "come back in", id="loop"
        ),
    ],
)
def test_what_cannot_be_used_is_refused(changes, message) -> None:
    with pytest.raises(DogStatsDOptionError, match=message):
        read_options(DogStatsDConfig(**changes))
