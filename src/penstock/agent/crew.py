"""The stations of an agent together, called so that none of them can end it.

A station that raises is a fault of ours or of what it was sent; the logs of a machine do not end for it. It
is counted, its first error is said with the place where it stood, and it is called again.

In:     stations (station.py).
Out:    calls; what went wrong, as notices and counts.
Never:  lets an exception out.
"""

import logging
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from penstock.agent.metrics.family import Source
from penstock.agent.station import (
    AccessListener,
    LogListener,
    Receiver,
    Report,
    Speaker,
    Station,
    TenantListener,
)
from penstock.agent.watch import Notice

if TYPE_CHECKING:
    from penstock.agent.logs.error_line import LogEntry
    from penstock.agent.tenant import Tenant
    from penstock.telemetry.records.ring import Batch

_NOTHING: Final = object()


class Crew:
    """All stations of one agent.

    Args:
        stations: each with a name of its own.

    Attributes:
        listens_to_logs: whether anybody hears log entries: they are made for nobody else.
        sources: those that measure something.
    """

    def __init__(self, stations: Sequence[Station] = ()) -> None:
        self._stations = list(stations)
        self._failures = dict.fromkeys((station.name for station in stations), 0)
        self._notices: list[Notice] = []
        self._by_fd: dict[int, Receiver] = {}
        self._receivers = [station for station in stations if isinstance(station, Receiver)]
        self._access = [station for station in stations if isinstance(station, AccessListener)]
        self._logged = [station for station in stations if isinstance(station, LogListener)]
        self._tenants = [station for station in stations if isinstance(station, TenantListener)]
        self.sources: tuple[Source, ...] = tuple(each for each in stations if isinstance(each, Source))
        self._speakers = [station for station in stations if isinstance(station, Speaker)]
        self.listens_to_logs = bool(self._logged)

    # What they hear

    def access(self, tenant: "Tenant", batch: "Batch") -> None:
        """Let them have a batch of access records."""
        for station in self._access:
            self._call(station, station.access, tenant, batch)

    def logged(self, tenant: "Tenant", entry: "LogEntry") -> None:
        """Let them have a log entry."""
        for station in self._logged:
            self._call(station, station.logged, tenant, entry)

    def joined(self, tenant: "Tenant") -> None:
        """Introduce a tenant."""
        for station in self._tenants:
            self._call(station, station.joined, tenant)

    def left(self, tenant: "Tenant") -> None:
        """Say that a tenant goes."""
        for station in self._tenants:
            self._call(station, station.left, tenant)

    # The loop

    def fds(self) -> frozenset[int]:
        """Return the descriptors that stations read from."""
        by_fd: dict[int, Receiver] = {}
        for station in self._receivers:
            fds = self._call(station, station.fds)
            if fds is not _NOTHING:
                by_fd.update(dict.fromkeys(fds, station))
        self._by_fd = by_fd
        return frozenset(by_fd)

    def readable(self, fd: int) -> None:
        """Pass on that a descriptor is readable; one that is nobody's any more is passed over."""
        station = self._by_fd.get(fd)
        if station is not None:
            self._call(station, station.readable, fd)

    def tick(self, now_s: float) -> None:
        """Let time pass."""
        for station in self._stations:
            self._call(station, station.tick, now_s)

    def close(self) -> None:
        """Let them go, last come first."""
        for station in reversed(self._stations):
            self._call(station, station.close)

    # What went wrong

    def take_notices(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        for speaker in self._speakers:
            said = self._call(speaker, speaker.take_notices)
            self._notices += [] if said is _NOTHING else said
        notices, self._notices = self._notices, []
        return notices

    def report(self) -> dict[str, Report]:
        """Return each station's report, with the number of its failures if it had any."""
        return {station.name: self._report(station) for station in self._stations}

    def _report(self, station: Station) -> Report:
        report = self._call(station, station.report)
        failures = self._failures[station.name]
        return {**({} if report is _NOTHING else report), **({"failures": failures} if failures else {})}

    def _call(self, station: Any, method: Callable[..., Any], *arguments: object) -> Any:
        try:
            return method(*arguments)
        except Exception as error:  # noqa: BLE001 - see the head of this file
            self._note(station.name, error)
            return _NOTHING

    def _note(self, name: str, error: Exception) -> None:
        self._failures[name] += 1
        if self._failures[name] > 1:
            return
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        self._notices.append(Notice(logging.ERROR, f"{name} failed, which is said once and counted: {what}"))
