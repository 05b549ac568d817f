"""Which lane a complete request runs in: inline, which trusts it to be quick, or the pool's.

A shape is the method and the path with what varies taken out.  A shape begins
in the pool lane, where another thread stands ready to take the loop over; after
a run of quick requests it moves to the inline lane, where none does and a
request costs some 1 us less.  One slow request sends it back, and the next trial
takes far longer: a misjudged request delays its neighbours by milliseconds,
so inline pays only while fewer than about 1 in 2,000 requests are slow.

    POOL --- `needed` quick runs in a row ---> INLINE ---+
      ^                                        |  ^     | a slow run after 2,000 others: the rate is fine,
      |                                        |  +-----+ and it may be the machine that was busy
      +---- a slow run before that ------------+
            needed = 2,000, then doubled

In:     method, path; how long the application took.
Out:    a Shape, whose `is_inline` the connection reads.
Never:  reads a clock or calls the application.
"""

import re
from typing import Final

from penstock.telemetry import Threshold
from penstock.telemetry.memory.histogram import TICK_BITS

# A request is slow when the loop could have served some hundred others meanwhile.
SLOW_NS: Final = 2_000_000
FIRST_NEEDED: Final = 50
# What a shape owes after a slow inline run: at 1 slow request in 2,000 inline stops paying.
RETURN_NEEDED: Final = 2_000
MOST_NEEDED: Final = 1_000_000
# Imports, template compilation and the first connection make the first runs of any shape slow.
FORGIVEN_RUNS: Final = 3
MAX_SHAPES: Final = 1_024
MAX_PATHS: Final = 4_096
MAX_PATH_CHARACTERS: Final = 256

# UUIDs, digits and long tokens (signatures, slugs): what varies from request to request.
_VARYING: Final = re.compile(
    r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9]+|[A-Za-z0-9_-]{24,}"
)


class Shape:
    """What is known of requests that look alike.

    Attributes:
        is_inline: they run on the loop's thread as they come, under the watcher's eyes.
        inline_runs: since the last slow one; the loop counts.
        threshold: beyond which such a request is kept as a trace.
    """

    __slots__ = ("_forgiven", "_needed", "_quick", "inline_runs", "is_inline", "name", "threshold")

    def __init__(self, name: str, slow_ms: int = 0) -> None:
        self.name = name
        self.is_inline = False
        self.inline_runs = 0
        self._quick = 0
        self._needed = FIRST_NEEDED
        self._forgiven = FORGIVEN_RUNS
        self.threshold = Threshold(slow_ms * 1_000_000 >> TICK_BITS)

    def ran_in_pool(self, application_ns: int) -> None:
        """Learn from a pool run that took `application_ns`."""
        if application_ns < SLOW_NS:
            self._quick += 1
            if self._quick >= self._needed:
                self.is_inline = True
            return
        if self.is_inline:  # it ran on the thread whose slot it had waited for
            self.was_slow_inline()
            return
        self._quick = 0
        if self._forgiven:
            self._forgiven -= 1
        else:
            self._needed = max(self._needed, RETURN_NEEDED)

    def was_slow_inline(self) -> None:
        """Judge a slow inline run: a rare one is forgiven, others send the shape back for ever longer."""
        runs, self.inline_runs = self.inline_runs, 0
        if runs > RETURN_NEEDED:
            self._needed = RETURN_NEEDED
            return
        self.is_inline = False
        self._quick = 0
        self._needed = min(MOST_NEEDED, max(RETURN_NEEDED, self._needed * 2))

    def belongs_to_pool(self) -> None:
        """Keep the shape in the pool for good: it streams, so a thread has to iterate it."""
        self.is_inline = False
        self._quick = -MOST_NEEDED


class Lanes:
    """The shapes seen so far, bounded: what does not fit runs in the pool.

    Args:
        is_automatic: False = the operator wants every request in the pool.
        slow_ms: what is quicker is never kept as a slow request.
    """

    def __init__(self, *, is_automatic: bool, slow_ms: int = 0) -> None:
        self._by_path: dict[str, Shape] = {}
        self._by_name: dict[str, Shape] = {}
        self._is_automatic = is_automatic
        self._slow_ms = slow_ms
        self._stranger = Shape("", slow_ms)  # shared by all that do not fit; never judged

    def choose(self, method: str, path: str) -> Shape:
        """Return the shape of a request; its `is_inline` is the lane."""
        key = path if method == "GET" else method + path
        shape = self._by_path.get(key)
        if shape is None:
            return self._add(key, method, path)
        return shape

    def learn(self, shape: Shape, application_ns: int) -> None:
        """Record a run in the pool."""
        if self._is_automatic and shape is not self._stranger:
            shape.ran_in_pool(application_ns)

    def _add(self, key: str, method: str, path: str) -> Shape:
        if len(path) > MAX_PATH_CHARACTERS:
            return self._stranger
        name = f"{method} {_VARYING.sub('*', path)}"
        shape = self._by_name.get(name)
        if shape is None:
            if len(self._by_name) >= MAX_SHAPES:
                return self._stranger
            shape = self._by_name[name] = Shape(name, self._slow_ms)
        if len(self._by_path) >= MAX_PATHS:
            self._by_path.clear()
        self._by_path[key] = shape
        return shape
