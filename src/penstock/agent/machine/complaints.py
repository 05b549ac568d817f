"""Who was refused at the door, for the log: the first of a minute one by one, of the rest how many.

Anybody on the machine may connect and be refused, thousands of times a second; a line for each would fill the
disk for whoever is angry.

In:     refusals.
Out:    notices.
Never:  counts (the estate's report does), keeps what it has not said.
"""

import logging
from collections.abc import Callable
from typing import Final

from penstock.agent.watch import Notice

MOST: Final = 10
PERIOD_S: Final = 60.0


class Complaints:
    """Says who was refused.

    Args:
        say: to the agent's own log.
    """

    def __init__(self, say: Callable[[Notice], None]) -> None:
        self._say = say
        self._count = 0  # since the period began
        self._until_s = 0.0

    def note(self, message: str, now_s: float) -> None:
        """Say it, or count it.

        Args:
            message: who, and why.
            now_s: monotonic.
        """
        self.tick(now_s)
        if not self._count:
            self._until_s = now_s + PERIOD_S
        self._count += 1
        if self._count <= MOST:
            self._say(Notice(logging.WARNING, message))

    def tick(self, now_s: float) -> None:
        """Say how many went unsaid, when the period is over."""
        if now_s >= self._until_s:
            self.close()

    def close(self) -> None:
        """End the period, and say how many went unsaid."""
        if self._count > MOST:
            message = f"{self._count - MOST} more were refused within {PERIOD_S:.0f} s"
            self._say(Notice(logging.WARNING, message))
        self._count = 0
