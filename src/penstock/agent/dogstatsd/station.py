"""DogStatsD beside the rings: its sockets in the agent's loop, its series among the metrics.

A socket that cannot be opened is tried again each 5 s and said in the report; the agent goes on without it.
Events are said in the log, a few a second: whoever may send could fill it.

In:     addresses, readable sockets, the time.
Out:    families: what came, and what became of it.
Never:  takes more than a few milliseconds of a turn; raises.
"""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.dogstatsd.cell import Cell, Counter, Histogram
from penstock.agent.dogstatsd.datagram import Event
from penstock.agent.dogstatsd.inlet import Inlet, InletError
from penstock.agent.dogstatsd.intake import Intake
from penstock.agent.dogstatsd.naming import Labels
from penstock.agent.dogstatsd.options import DogStatsDOptions
from penstock.agent.dogstatsd.table import Entry, SeriesTable
from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample
from penstock.agent.watch import Notice

if TYPE_CHECKING:
    from penstock.agent.dogstatsd.address import DatagramAddress

_RETRY_S: Final = 5.0
_TURN_S: Final = 60.0
_MAX_NOTICES: Final = 20  # taken once a second
_MAX_EVENT_LETTERS: Final = 1000
_LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING}


class DogStatsD:
    """The station.

    Args:
        options: see there.
        now_s: monotonic seconds.
    """

    name = "dogstatsd"

    def __init__(
        self,
        options: DogStatsDOptions,
        now_s: float = 0.0,
    ) -> None:
        self._options = options
        self._table = SeriesTable(options.max_series, options.bounds, max(int(options.expiry_s / _TURN_S), 1))
        self._intake = Intake(self._table, self._note_event)
        self._inlets: dict[int, Inlet] = {}
        self._closed: dict[DatagramAddress, str] = dict.fromkeys(options.addresses, "")
        self._notices: list[Notice] = []
        self._said_renamed = False
        self._unsaid_event_count = 0
        self._retry_s = now_s
        self._turn_s = now_s + _TURN_S
        self._dropped_count = 0
        self.tick(now_s)

    def fds(self) -> Sequence[int]:
        """Return the descriptors to poll."""
        return tuple(self._inlets)

    def readable(self, fd: int) -> None:
        """Take what has come on one of them, for some milliseconds."""
        inlet = self._inlets.get(fd)
        if inlet is not None:
            inlet.drain(self._intake.take)

    def tick(self, now_s: float) -> None:
        """Open what is closed; once a minute begin sets anew and forget idle series."""
        if self._closed and now_s >= self._retry_s:
            self._retry_s = now_s + _RETRY_S
            self._open()
        if now_s >= self._turn_s:
            self._turn_s = now_s + _TURN_S
            if self._table.turn():
                self._intake.forget_cells()
        if self._table.collisions and not self._said_renamed:
            self._said_renamed = True
            name, other = next(iter(self._table.collisions.items()))
            self._note(
                logging.WARNING, f"dogstatsd: {name!r} is like another name; it stands under {other!r}"
            )

    def close(self) -> None:
        """Take what is left in the sockets and close them."""
        for inlet in self._inlets.values():
            inlet.drain(self._intake.take)
            inlet.close()
        self._inlets.clear()

    def report(self) -> Mapping[str, int | float | str]:
        """Return what came in and what became of it."""
        intake = self._intake
        faults = {f"refused_{fault.value.replace(' ', '_')}": n for fault, n in list(intake.faults.items())}
        report: dict[str, int | float | str] = {
            "datagrams": intake.datagram_count,
            "lines": intake.line_count,
            "refused": sum(intake.faults.values()),
            **faults,
            "refused_oversized_datagrams": self._oversized_count(),
            "refused_no_room": intake.homeless_count,
            "overflowed": intake.overflow_count,
            "dropped_by_kernel": self._kernel_drops(),
            "unknown_fields": intake.unknown_field_count,
            "unsaid_events": self._unsaid_event_count,
            "series": self._table.series_count,
            "max_series": self._options.max_series,
            "renamed": len(self._table.collisions),
        }
        if intake.last_refused:
            report["last_refused"] = intake.last_refused
        for name, other in list(self._table.collisions.items())[:1]:
            report["first_renamed"] = f"{name} -> {other}"
        for address, reason in self._closed.items():
            report[f"closed {address}"] = reason
        return report

    def families(self) -> list[Family]:
        """Return what was sent, and what became of it; any thread."""
        return [*map(_family, self._table.entries()), *self._own_families()]

    def take_notices(self) -> list[Notice]:
        """Return what is to be said since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def _note_event(self, event: Event) -> None:
        if len(self._notices) >= _MAX_NOTICES:
            self._unsaid_event_count += 1
            return
        level = _LEVELS.get(event.alert, logging.INFO)
        host = f" on {event.host}" if event.host else ""
        self._note(level, f"dogstatsd event{host}: {event.title}: {event.text}"[:_MAX_EVENT_LETTERS])

    def _note(self, level: int, message: str) -> None:
        self._notices.append(Notice(level, message))

    def _open(self) -> None:
        for address in list(self._closed):
            try:
                inlet = Inlet(address)
            except InletError as error:
                if self._closed[address] != str(error):
                    self._note(logging.ERROR, f"dogstatsd: {error}; tried again each 5 s")
                self._closed[address] = str(error)
            else:
                if self._closed.pop(address):
                    self._note(logging.WARNING, f"dogstatsd: takes datagrams on {address} now")
                self._inlets[inlet.fd] = inlet

    def _kernel_drops(self) -> int:
        """Return all drops so far; those of this moment stay known when the sockets are closed."""
        with contextlib.suppress(RuntimeError, OSError):  # closed, or changed, by the loop meanwhile
            self._dropped_count = sum(inlet.dropped_count() for inlet in self._inlets.values())
        return self._dropped_count

    def _oversized_count(self) -> int:
        return sum(inlet.oversized_count for inlet in list(self._inlets.values()))

    def _own_families(self) -> list[Family]:
        intake = self._intake
        reasons = {fault.value: count for fault, count in list(intake.faults.items())}
        reasons["no room"] = intake.homeless_count
        return [
            _counter("penstock_dogstatsd_datagrams", "DogStatsD datagrams taken.", intake.datagram_count),
            _counter("penstock_dogstatsd_lines", "Lines in them, refused ones too.", intake.line_count),
            Family(
                "penstock_dogstatsd_refused_lines",
                Kind.COUNTER,
                "Lines refused, by what was wrong with them.",
                "",
                tuple(Sample((("reason", reason),), count) for reason, count in sorted(reasons.items())),
            ),
            _counter(
                "penstock_dogstatsd_overflowed_lines",
                "Lines whose series found no room and that went to the overflow series of their family.",
                intake.overflow_count,
            ),
            _counter(
                "penstock_dogstatsd_dropped_datagrams",
                "Datagrams that the kernel dropped because the socket's buffer was full.",
                self._kernel_drops(),
            ),
            Family(
                "penstock_dogstatsd_series",
                Kind.GAUGE,
                "Series kept; dogstatsd_max_series is the most.",
                "",
                (Sample((), self._table.series_count),),
            ),
        ]


def _counter(name: str, text: str, value: int) -> Family:
    return Family(name, Kind.COUNTER, text, "", (Sample((), value),))


_KINDS: Final[Mapping[type[Cell], Kind]] = {Counter: Kind.COUNTER, Histogram: Kind.HISTOGRAM}


def _family(entry: Entry) -> Family:
    samples = tuple(_sample(labels, cell) for labels, cell in entry.cells)
    text = f"DogStatsD metric {entry.sent_name}."
    return Family(entry.name, _KINDS.get(entry.kind, Kind.GAUGE), text, "", samples)


def _sample(labels: Labels, cell: Cell) -> Sample:
    if isinstance(cell, Histogram):
        counts = tuple(map(round, cell.counts))  # a sampled value counts 3.33 times
        return Sample(labels, HistogramValue(cell.bounds, counts, cell.sum))
    return Sample(labels, cell.value)
