import pytest

from penstock.agent.assembly import stations_of
from penstock.agent.metrics import Gatherer
from penstock.config import Config, DogStatsDConfig, StoreConfig

DOGSTATSD = DogStatsDConfig(dogstatsd=("127.0.0.1:0",))
OUT = DogStatsDConfig(dogstatsd_out="127.0.0.1:9")


def names(config: Config) -> list[str]:
    stations = stations_of(config, Gatherer())
    for station in stations:
        station.close()
    return [station.name for station in stations]


def test_names_of_stations_are_unique():
    found = names(Config(dogstatsd=DOGSTATSD, store=StoreConfig(store="x.db")))
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(Config(), ["errors", "traces"], id="nothing"),
        pytest.param(Config(dogstatsd=DOGSTATSD), ["errors", "dogstatsd", "traces"], id="dogstatsd"),
        pytest.param(Config(dogstatsd=OUT), ["errors", "dogstatsd_out", "traces"], id="dogstatsd-out"),
        pytest.param(Config(store=StoreConfig(store="x.db")), ["errors", "store", "traces"], id="store"),
    ],
)
def test_what_is_not_asked_for_is_not_there(config, expected):
    assert names(config) == expected
