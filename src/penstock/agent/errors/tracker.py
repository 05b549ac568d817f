"""Exceptions from the log, counted by group: a station that hears log entries and access records.

An entry with a traceback is one occurrence. Where the application logs an exception and lets it go on, so
that the framework logs it again, it is counted once a request and group. The access record of the same
request comes a moment later and gives the request line: it is looked for by the request id, for the last few
occurrences only.

Whoever writes the groups down (the store) takes their changes and gives back what could not be written, so a
full disk loses no count while the agent lives.

In:     log entries, access batches.
Out:    changes; `penstock_errors_total{type}`.
Never:  keeps more than `MAX_GROUPS` groups: what is beyond counts as one of type `other`.
"""

import collections
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.errors.group import Change, Example, Group
from penstock.agent.errors.stack import Origin, find_origin
from penstock.agent.metrics.family import Family, Kind, Sample
from penstock.telemetry.records.text import without_query

if TYPE_CHECKING:
    from penstock.agent.logs.error_line import LogEntry
    from penstock.agent.tenant import Tenant
    from penstock.telemetry.records.ring import Batch

# An example is at most 16 KiB: 5 MB in the worst case.
MAX_GROUPS: Final = 300
_OTHER: Final = Origin("other", "", "", 0)
# A search costs 2 us a batch of 192 records: 16 of them 0.2 us a record.
_MAX_AWAITED: Final = 16
_AWAITED_S: Final = 60.0


class ErrorTracker:
    """The station.

    Args:
        now: monotonic seconds.

    Attributes:
        is_full: there were more groups than are kept.
    """

    name = "errors"

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._groups: dict[tuple[str, Origin], Group] = {}
        self._by_type: collections.Counter[tuple[str, str]] = collections.Counter()
        # Request id -> whose example wants its request line, and since when.
        self._awaited: dict[str, tuple[Group, float]] = {}
        self._lock = threading.Lock()  # between the loop and whoever takes changes
        self.is_full = False

    # What it hears

    def logged(self, tenant: "Tenant", entry: "LogEntry") -> None:
        """Count an entry that has a traceback."""
        origin = find_origin(entry.trace) if entry.trace else None
        if origin is None:
            return
        with self._lock:
            group = self._group(tenant.name, origin)
            if entry.request_id and self._awaited.get(entry.request_id, (None, 0.0))[0] is group:
                return
            group.add(_example(entry), self._now())
            self._by_type[tenant.name, group.origin.kind] += 1
        if entry.request_id:
            self._await(entry.request_id, group)

    def access(self, tenant: "Tenant", batch: "Batch") -> None:
        """Look for the requests of the last occurrences."""
        if not self._awaited:
            return
        for request_id, (group, _) in list(self._awaited.items()):
            line = _request_line(batch.text, request_id)
            if line:
                del self._awaited[request_id]
                with self._lock:
                    group.complete(request_id, line if tenant.has_query else without_query(line))

    # What it has found

    def take_changes(self) -> list[Change]:
        """Return what is new since the last call; any thread."""
        with self._lock:
            changes = [group.take_change() for group in self._groups.values()]
        return [change for change in changes if change is not None]

    def give_back(self, changes: Sequence[Change]) -> None:
        """Take back what could not be written; any thread."""
        with self._lock:
            for change in changes:
                group = self._groups.get((change.application, change.origin))
                if group is not None:
                    group.give_back(change)

    def families(self) -> list[Family]:
        """Return exceptions by application and type; any thread."""
        with self._lock:
            counts = dict(self._by_type)
        samples = (
            Sample((("application", application), ("type", kind)), count)
            for (application, kind), count in counts.items()
        )
        text = "Exceptions in the log, by type; at most as many types as groups are kept."
        return [Family("penstock_errors", Kind.COUNTER, text, "", tuple(samples))]

    # A station's other duties

    def tick(self, _now_s: float) -> None:
        """Await no longer what has not come for a minute: it goes on, or was never ours."""
        latest_s = self._now() - _AWAITED_S
        for request_id in [each for each, (_, since_s) in self._awaited.items() if since_s < latest_s]:
            del self._awaited[request_id]

    def close(self) -> None:
        """Nothing is open."""

    def report(self) -> Mapping[str, int | float | str]:
        """Return how many there were."""
        with self._lock:
            total = sum(self._by_type.values())
            return {"errors": total, "groups": len(self._groups), "max_groups": MAX_GROUPS}

    def _group(self, application: str, origin: Origin) -> Group:
        found = self._groups.get((application, origin))
        if found is None and len(self._groups) >= MAX_GROUPS:
            self.is_full = True
            application, origin = "", _OTHER
            found = self._groups.get((application, origin))
        if found is None:
            found = self._groups[application, origin] = Group(application, origin)
        return found

    def _await(self, request_id: str, group: Group) -> None:
        if len(self._awaited) >= _MAX_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[request_id] = group, self._now()


def _example(entry: "LogEntry") -> Example:
    return Example(
        message=entry.message,
        trace=entry.trace,
        logger=entry.logger,
        pid=entry.pid,
        slot=entry.slot,
        thread_name=entry.thread_name,
        request_id=entry.request_id,
        trace_id=entry.trace_id,
    )


def _request_line(text: bytes, request_id: str) -> str:
    """Return the request line of a request in the text of a batch, where LINE LF PEER LF ID LF stand.

    A trace may stand behind the id (telemetry/records/text.py).
    """
    own_id = request_id.encode("utf-8", "replace")
    at = max(text.find(b"\n%b\n" % own_id), text.find(b"\n%b trace=" % own_id))
    if at < 0:
        return ""
    stop = text.rfind(b"\n", 0, at)
    return text[text.rfind(b"\n", 0, stop) + 1 : stop].decode("utf-8", "replace") if stop > 0 else ""
