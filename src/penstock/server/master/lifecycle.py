"""The life of one worker process, as the master sees it.

           reported_ready          asked_to_stop
 BOOTING ------------------> READY --------------> DRAINING
    |                          |                      |
    +------ asked_to_stop -----|----> DRAINING        |
    +------------------ exited ----------------------+----> GONE

In:     the state and what happened.
Out:    the next state.
Never:  touches a process.
"""

import enum
from collections.abc import Mapping
from typing import Final


class State(enum.Enum):
    """Where a worker stands."""

    BOOTING = "booting"  # forked, application still importing
    READY = "ready"  # accepting connections
    DRAINING = "draining"  # no new connections; finishing the open ones
    GONE = "gone"  # reaped; the slot may be refilled


class Event(enum.Enum):
    """What can happen to a worker."""

    REPORTED_READY = "reported_ready"
    ASKED_TO_STOP = "asked_to_stop"
    EXITED = "exited"


TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = {
    State.BOOTING: {
        Event.REPORTED_READY: State.READY,
        Event.ASKED_TO_STOP: State.DRAINING,
        Event.EXITED: State.GONE,
    },
    State.READY: {
        Event.ASKED_TO_STOP: State.DRAINING,
        Event.EXITED: State.GONE,
    },
    State.DRAINING: {
        Event.REPORTED_READY: State.DRAINING,  # it was told to stop while it booted
        Event.ASKED_TO_STOP: State.DRAINING,  # told twice
        Event.EXITED: State.GONE,
    },
    State.GONE: {},
}


class LifecycleError(Exception):
    """The event cannot happen in that state: a fault of ours."""


def next_state(state: State, event: Event) -> State:
    """Return the state after `event`.

    Raises:
        LifecycleError: `TRANSITIONS` has no such pair.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        msg = f"worker event {event.value!r} cannot happen while {state.value!r}"
        raise LifecycleError(msg) from None
