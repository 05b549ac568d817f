"""How many processes and threads serve this site: known to the server, asked by what they share.

What several workers use together (the connections of a database) has to be divided before the first of them
takes some, in code that knows nothing of the server.

In:     the plan, told once in the process that imports the application.
Out:    the numbers, or None where no server of ours runs.
Never:  counts: a server that is scaled by signals goes on with what it was planned with.
"""

from dataclasses import dataclass
from typing import Final

# A reload has the old workers finish beside the new ones.
GENERATIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Staff:
    """Who serves a site.

    Attributes:
        workers: processes of a generation.
        threads: application calls at once in each.
    """

    workers: int
    threads: int

    def share(self, budget: int | None = None) -> int:
        """Return how many of something a worker may have at most; 0 if there is not even one for each.

        Without a budget it is what its threads can use: one each, and one for a request that was answered in
        its place and still runs.
        """
        wanted = self.threads + 1
        return wanted if budget is None else min(wanted, budget // (GENERATIONS * self.workers))


_staff: Staff | None = None


def join_staff(staff: Staff | None) -> None:
    """Let this process and those forked from it be part of a staff; None: of none."""
    global _staff  # noqa: PLW0603 - set once at boot, before the application is imported
    _staff = staff


def current_staff() -> Staff | None:
    """Return the staff that this process is part of."""
    return _staff
