"""All sources as one list of families: each name once, each series once.

A scraper refuses the whole page for one name with two types or one series that is there twice, so what would
do that is left out and counted, and a source that fails costs its own families and no others.

    two sources, one name, one kind      one family: the samples of both, the first one's help
    one name, two kinds                  the first source's; the other is left out
    two names, one line                  the first (a counter `x` and a gauge `x_total`)
    one series twice                     the first

In:     sources, in the order in which they win.
Out:    families; how many were left out.
Never:  raises, formats.
"""

import dataclasses
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from penstock.agent.metrics.family import Family, Kind, Sample, Source


@dataclasses.dataclass(frozen=True, slots=True)
class Labelled:
    """A source whose samples all carry further labels: whose they are, where there are several servers."""

    source: Source
    labels: tuple[tuple[str, str], ...]

    def families(self) -> list[Family]:
        """Return the families of the source, labelled."""
        return [
            dataclasses.replace(family, samples=tuple(map(self._label, family.samples)))
            for family in self.source.families()
        ]

    def _label(self, sample: Sample) -> Sample:
        names = {name for name, _ in sample.labels}
        added = tuple(label for label in self.labels if label[0] not in names)
        return Sample((*added, *sample.labels), sample.value, sample.exemplar)


class Gatherer:
    """Gathers from sources that come and go; any thread may ask.

    Attributes:
        failed_count: times that a source raised, since the start.
        clashed_count: families and samples that were left out, since the start.
    """

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._sources = list(sources)
        self._lock = threading.Lock()  # sources remember what they have read
        self.failed_count = 0
        self.clashed_count = 0

    def add(self, source: Source) -> None:
        """Gather from a source from now on."""
        with self._lock:
            self._sources.append(source)

    def remove(self, source: Source) -> None:
        """Never ask a source again; when this returns nobody is asking it."""
        with self._lock:
            self._sources.remove(source)

    def gather(self) -> list[Family]:
        """Return what all sources count now; families without samples are left out."""
        with self._lock:
            return self._gather()

    def _gather(self) -> list[Family]:
        merged: dict[str, list[Family]] = {}
        for source in self._sources:
            for family in self._families(source):
                same = merged.setdefault(family.name, [])
                if same and same[0].kind is not family.kind:
                    self.clashed_count += 1
                elif family.samples:
                    same.append(family)
        families = [self._merge(same) for same in merged.values() if same]
        return [*self._without_clashes(families), self._own()]

    def _without_clashes(self, families: list[Family]) -> Iterator[Family]:
        """Yield the families whose lines no earlier one writes."""
        written: set[str] = set()
        for family in families:
            names = {family.name + suffix for suffix in _SUFFIXES[family.kind]}
            if names & written:
                self.clashed_count += 1
            else:
                written |= names
                yield family

    def _families(self, source: Source) -> list[Family]:
        try:
            return source.families()
        except Exception:  # noqa: BLE001 - a source that reads hostile memory costs its own families only
            self.failed_count += 1
            return []

    def _merge(self, same: list[Family]) -> Family:
        samples: dict[tuple[tuple[str, str], ...], Sample] = {}
        for family in same:
            for sample in family.samples:
                if samples.setdefault(sample.labels, sample) is not sample:
                    self.clashed_count += 1
        return dataclasses.replace(same[0], samples=tuple(samples.values()))

    def _own(self) -> Family:
        counts = {"source": self.failed_count, "clash": self.clashed_count}
        samples = tuple(Sample((("fault", fault),), count) for fault, count in counts.items())
        return Family(_NAME, Kind.COUNTER, _HELP, "", samples)


# Of the lines of a kind, in one of the formats or the other.
_SUFFIXES: Final = {
    Kind.COUNTER: ("", "_total"),
    Kind.GAUGE: ("",),
    Kind.HISTOGRAM: ("", "_bucket", "_sum", "_count"),
    Kind.SUMMARY: ("", "_sum", "_count"),
    Kind.INFO: ("", "_info"),
    Kind.STATES: ("",),
}
_NAME: Final = "penstock_agent_left_out_metrics"
_HELP: Final = "Metrics left out of a page: their source failed, or they clashed with others."
