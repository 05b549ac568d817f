import itertools

import pytest

from penstock.server.master.lifecycle import TRANSITIONS, Event, LifecycleError, State, next_state


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_is_a_transition_or_a_declared_error(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert isinstance(next_state(state, event), State)
    else:
        with pytest.raises(LifecycleError, match=f"{event.value!r} cannot happen while {state.value!r}"):
            next_state(state, event)


def test_nothing_happens_after_gone() -> None:
    assert not TRANSITIONS[State.GONE]


def test_every_state_but_the_first_can_be_reached() -> None:
    reached = {after for row in TRANSITIONS.values() for after in row.values()}
    assert reached == set(State) - {State.BOOTING}
