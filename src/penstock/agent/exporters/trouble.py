"""What the log is told of a receiver's trouble: that it began, and that it is over.

A collector that is restarted now and then, or refuses every other message, has one or two lines a minute.

In:     the trouble of each moment, in words.
Out:    notices.
Never:  repeats itself while the trouble lasts.
"""

import logging
from typing import Final

from penstock.agent.watch import Notice

PAUSE_S: Final = 60.0  # between two beginnings


class TroubleTeller:
    """Tells of one receiver.

    Args:
        who: the receiver, for people.
    """

    def __init__(self, who: str) -> None:
        self._who = who
        self._is_told = False
        self._quiet_until_s = 0.0
        self._notices: list[Notice] = []

    def look(self, trouble: str, now_s: float) -> None:
        """Take note of how it is.

        Args:
            trouble: empty = there is none.
            now_s: monotonic.
        """
        if trouble and not self._is_told and now_s >= self._quiet_until_s:
            self._is_told = True
            self._quiet_until_s = now_s + PAUSE_S
            message = f"{self._who}: {trouble}; what cannot leave in time is dropped and counted"
            self._notices.append(Notice(logging.ERROR, message))
        elif self._is_told and not trouble:
            self._is_told = False
            self._notices.append(Notice(logging.WARNING, f"{self._who} takes it again"))

    def take(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        notices, self._notices = self._notices, []
        return notices
