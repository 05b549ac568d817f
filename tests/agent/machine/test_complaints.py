import pytest

from penstock.agent.machine.complaints import MOST, PERIOD_S, Complaints


@pytest.fixture
def said():
    return []


@pytest.fixture
def complaints(said):
    return Complaints(lambda notice: said.append(notice.message))


def test_first_refusals_are_said_one_by_one(complaints, said):
    for number in range(MOST):
        complaints.note(f"{number}", 5.0)
    complaints.tick(5.0 + PERIOD_S)
    assert said == [f"{number}" for number in range(MOST)]


def test_refusals_beyond_are_said_as_a_number_when_the_minute_is_over(complaints, said):
    for _ in range(MOST + 1000):
        complaints.note("no", 5.0)
    complaints.tick(PERIOD_S)
    assert said == ["no"] * MOST
    complaints.tick(5.0 + PERIOD_S)
    assert said[MOST:] == ["1000 more were refused within 60 s"]


def test_refusals_beyond_are_said_at_the_end_too(complaints, said):
    for _ in range(MOST + 2):
        complaints.note("no", 5.0)
    complaints.close()
    assert said[MOST:] == ["2 more were refused within 60 s"]


def test_refusals_of_the_next_minute_are_said_again(complaints, said):
    for _ in range(MOST + 1):
        complaints.note("first", 5.0)
    complaints.note("second", 5.0 + PERIOD_S)
    assert said[MOST:] == ["1 more were refused within 60 s", "second"]
