"""What lives in the agent's loop beside the rings: receivers, exporters, stores.

A station is told what it has a method for: with `fds` and `readable` when there is something to read, with
`access` every batch of access records, with `logged` every log entry that is kept, with `joined` and `left`
which tenants there are. With `take_notices` it is asked what it has to say, with `families` what it measures
(metrics/family.py).

Everything is called on the agent's main thread, between two turns of the rings, which wait meanwhile: whoever
has more to do than some hundred microseconds does it on a thread of its own. `report` alone may be called
from another thread (the ops port's), so it only reads.

In:     nothing.
Out:    the protocols.
Never:  calls anybody (crew.py); makes anybody (assembly.py).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from penstock.agent.logs.error_line import LogEntry
    from penstock.agent.tenant import Tenant
    from penstock.agent.watch import Notice
    from penstock.telemetry.records.ring import Batch

Report = Mapping[str, int | float | str]


class Station(Protocol):
    """Something that lives in the agent's loop. Never blocks; should it raise, that is counted."""

    @property
    def name(self) -> str:
        """What it is called in `penstock agent status` and on /status; unique."""

    def tick(self, now_s: float) -> None:
        """About once a second (monotonic seconds)."""

    def close(self) -> None:
        """The agent leaves: give up what cannot be had at once, close descriptors, end threads."""

    def report(self) -> Report:
        """What came in, went out, was dropped since the agent started; trouble as words."""


@runtime_checkable
class Receiver(Protocol):
    """Reads from descriptors."""

    def fds(self) -> Sequence[int]:
        """Descriptors to be told of when they are readable; asked before each wait, so they may change."""

    def readable(self, fd: int) -> None:
        """Take what one of them has, as much as is quick: what is left is reported again."""


@runtime_checkable
class Speaker(Protocol):
    """Has something to say in the log now and then."""

    def take_notices(self) -> "list[Notice]":
        """What is to be said since the last call; asked once a second."""


@runtime_checkable
class AccessListener(Protocol):
    """Hears access records."""

    def access(self, tenant: "Tenant", batch: "Batch") -> None:
        """A batch was written and committed; it is heard once, or not at all if the agent is killed now."""


@runtime_checkable
class LogListener(Protocol):
    """Hears what was logged."""

    def logged(self, tenant: "Tenant", entry: "LogEntry") -> None:
        """An entry that `log_level` keeps was written and committed; heard as access batches are."""


@runtime_checkable
class TenantListener(Protocol):
    """Hears who is there."""

    def joined(self, tenant: "Tenant") -> None:
        """Its records come from now on."""

    def left(self, tenant: "Tenant") -> None:
        """It has been drained, and its memory is unmapped when this returns."""
