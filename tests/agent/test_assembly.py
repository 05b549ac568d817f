from penstock.agent.assembly import stations_of
from penstock.config import Config


def test_names_of_stations_are_unique():
    names = [station.name for station in stations_of(Config())]
    assert len(names) == len(set(names))
