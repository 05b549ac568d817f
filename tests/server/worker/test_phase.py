from penstock.server.worker import phase
from penstock.server.worker.phase import Phase


def test_every_phase_is_a_global_of_its_name() -> None:
    assert all(getattr(phase, each.name) is each for each in Phase)


def test_every_phase_is_called_what_it_is() -> None:
    assert [each.value for each in Phase] == [each.name.lower() for each in Phase]
