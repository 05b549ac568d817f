"""The moments of a request, from its first byte to its last, and what lies between them.

In:     an exchange, whatever it lacks.
Out:    stamps in order, durations in the order of PHASES (memory/layout.py).
Never:  negative durations.
"""

import itertools
import time

from penstock.telemetry.traces.request import FinishedRequest


def stamps_ns(exchange: FinishedRequest) -> list[int]:
    """First byte to last byte. What was not reached counts as now: the phase it ends lasted until now."""
    next_ns = time.monotonic_ns()
    stamps = []
    for stamp_ns in (
        exchange.last_byte_ns,
        exchange.end_ns,
        exchange.start_ns,
        exchange.body_ns,
        exchange.head_ns,
        exchange.first_byte_ns,
    ):
        next_ns = min(stamp_ns or next_ns, next_ns)
        stamps.append(next_ns)
    return stamps[::-1]


def phases_ns(stamps: list[int]) -> list[int]:
    """Durations in the order of PHASES."""
    return [after - before for before, after in itertools.pairwise(stamps)] + [stamps[-1] - stamps[0]]
