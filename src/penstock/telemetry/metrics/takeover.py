"""Metrics of prometheus_client, counted in shared memory instead of each process's own.

An application that uses that library changes nothing: its values get cells of ours as soon as the library is
imported, whoever imports it. Without this each worker would show counters of its own, or leave files behind
in a directory (PROMETHEUS_MULTIPROC_DIR); who has set that keeps what they had.

    Counter, Gauge, Summary     the library makes their values by a class that it lets be exchanged
    Histogram                   its values are one series of ours, so it is told where they stand
    Info, Enum                  have no such values: what they are set to is noted beside

    multiprocess_mode of a gauge      here
    all, liveall                      a series for each living worker (label `worker`, its slot)
    sum, max, min, with or without    the living workers' sum, greatest, least
        `live` before it
    mostrecent, livemostrecent        what was set last

A series that is removed (remove, clear) goes off the page if it is a gauge's, an Info's or an Enum's. A
counter's stays: other workers count in theirs, and what they have together must not go back.

In:     the library's modules, when they are imported.
Out:    instruments of the meter.
Never:  imports the library; raises where it would not have: what cannot be counted here (a name with other
        letters than the text format has, a second definition of a name) stays the library's own, and that is
        said once.

Not taken over: collectors of the application's own, Gauge.set_function (both would run its code at each
scrape, in each worker; said once), and the library's collectors of process and garbage (penstock_process_*
and penstock_gc_* show these).

Rules:  prometheus_client 0.14 and later: values.ValueClass; of Histogram _metric_init, _upper_bounds, _sum
        and _buckets; of all metrics _metrics; of the registry register.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, Final

from penstock.telemetry.metrics.definition import Definition, Kind, Merge, MetricError, tidy_bounds
from penstock.telemetry.metrics.instrument import Counter, Gauge, Histogram, Instrument
from penstock.telemetry.metrics.meter import METER

_LIBRARY: Final = "prometheus_client."
_MODULE: Final = f"{_LIBRARY}metrics"
_MERGES: Final = {
    "all": Merge.EACH,
    "liveall": Merge.EACH,
    "sum": Merge.SUM,
    "livesum": Merge.SUM,
    "max": Merge.MAX,
    "livemax": Merge.MAX,
    "min": Merge.MIN,
    "livemin": Merge.MIN,
    "mostrecent": Merge.LAST,
    "livemostrecent": Merge.LAST,
}
_SORTS: Final[dict[Kind, type[Instrument]]] = {
    Kind.COUNTER: Counter,
    Kind.HISTOGRAM: Histogram,
    Kind.SUMMARY: Instrument,
}
log = logging.getLogger("penstock.telemetry")


def take_over_prometheus() -> None:
    """Count what prometheus_client counts, now if it is imported already, else as soon as it is."""
    module = sys.modules.get(_MODULE)
    if module is not None:
        _plug(module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Sees the library being imported, once."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads the library's module as its own loader does, then plugs in."""

    def __init__(self, own: importlib.abc.Loader) -> None:
        self._own = own

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._own
        self._own.exec_module(module)
        _plug(module)


class TakenValue:
    """What the library calls a value: one cell of a series."""

    _multiprocess = False  # the library's values have it

    def __init__(self, series: Instrument, cell: int) -> None:
        self._series = series
        self._cell = cell
        self._exemplar: Any = None

    def inc(self, amount: float) -> None:
        """Add to it."""
        if isinstance(self._series, Gauge):
            self._series.inc(amount)
        else:
            self._series.add_to_cell(self._cell, amount)

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002 - the library's own signature
        """Make it this number."""
        if isinstance(self._series, Gauge):
            self._series.set(value)
        else:
            self._series.add_to_cell(self._cell, value - self.get())

    @property
    def series(self) -> Instrument:
        """Whose cell it is."""
        return self._series

    def get(self) -> float:
        """Return what this slot has counted."""
        return self._series.cell(self._cell)

    def set_exemplar(self, exemplar: Any) -> None:
        """Keep an exemplar; the library has checked it by its own rules."""
        self._exemplar = exemplar
        try:
            self._series.keep_exemplar(self._cell, exemplar.labels, exemplar.value)
        except MetricError as error:
            _say_once(self._series.definition.name, error)

    def get_exemplar(self) -> Any:
        """Return the last one of this process."""
        return self._exemplar


def _value_maker(plain: Any) -> Callable[..., Any]:
    """Return what makes the values; `plain` is the library's own class, for what cannot be counted here."""

    def make_value(*words: Any, multiprocess_mode: str = "all", **more: Any) -> Any:
        kind, metric_name, name, labelnames, labelvalues, *text = words  # before 0.15 without a text
        if kind not in {"counter", "gauge", "summary"}:
            return plain(*words, **more)
        merge = _MERGES.get(multiprocess_mode, Merge.EACH) if kind == "gauge" else Merge.SUM
        series = _find_series(kind, metric_name, "".join(text), (labelnames, labelvalues), merge=merge)
        if series is None:
            return plain(*words, **more)
        return TakenValue(series, 1 if kind == "summary" and name.endswith("_sum") else 0)

    return make_value


def _plug(metrics: ModuleType) -> None:
    """Exchange the library's value class and note what has none."""
    values: Any = metrics.values
    if values.ValueClass is not values.MutexValue:
        return  # plugged in already, or values are kept in files: the operator has chosen
    values.ValueClass = _value_maker(values.MutexValue)
    _plug_histogram(metrics.Histogram)
    _plug_info(metrics.Info)
    _plug_states(metrics.Enum)
    _plug_removal(metrics.MetricWrapperBase)
    _plug_function(metrics.Gauge)
    _plug_registry(type(metrics.REGISTRY), metrics.MetricWrapperBase)
    for metric in list(metrics.REGISTRY._collector_to_names):
        if isinstance(metric, metrics.MetricWrapperBase):
            _adopt(metric)
        else:
            _leave(metric)


def _plug_histogram(histogram: Any) -> None:
    own_init = histogram._metric_init

    def init(self: Any) -> None:
        """Make its values the cells of one series."""
        labels = (self._labelnames, self._labelvalues)
        series = _find_series("histogram", self._name, self._documentation, labels, bounds=self._upper_bounds)
        if series is None:
            own_init(self)
            return
        self._created = time.time()
        count = len(series.definition.bounds) + 1
        self._buckets = [TakenValue(series, cell) for cell in range(count)]
        self._sum = TakenValue(series, count)

    histogram._metric_init = init


def _plug_info(info: Any) -> None:
    own_set = info.info

    def set_info(self: Any, val: dict[str, str]) -> None:
        """Set it, and note it: a series of its words, and none of the words that were there."""
        own_set(self, val)
        names, values = (*self._labelnames, *val), (*self._labelvalues, *val.values())
        series = _find_series("info", self._name, self._documentation, (names, values), merge=Merge.MAX)
        before = vars(self).get("_penstock_series")
        if isinstance(before, Gauge):
            before.set(0)
        if isinstance(series, Gauge):
            series.set(1)
        self._penstock_series = series

    info.info = set_info


def _plug_states(states: Any) -> None:
    own_init, own_set = states._metric_init, states.state

    def note(self: Any) -> None:
        """Set a series for each state."""
        for number, state in enumerate(self._states):
            series = _state_series(self, state)
            if isinstance(series, Gauge):
                series.set(number == self._value)

    def init(self: Any) -> None:
        own_init(self)
        if hasattr(self, "_states"):  # its children; the metric itself learns of them later
            note(self)

    def set_state(self: Any, state: str) -> None:
        own_set(self, state)
        note(self)

    states._metric_init, states.state = init, set_state


def _state_series(states: Any, state: str) -> Instrument | None:
    labels = ((*states._labelnames, states._name), (*states._labelvalues, state))
    return _find_series("stateset", states._name, states._documentation, labels, merge=Merge.MAX)


def _plug_removal(metric: Any) -> None:
    """Let what is removed from a metric go off the page as well."""

    def withdrawing(own: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(own)
        def remove(self: Any, *words: Any, **named: Any) -> None:
            before = dict(getattr(self, "_metrics", {}))
            own(self, *words, **named)
            for values, child in before.items():
                if values not in self._metrics:
                    _withdraw(child)

        return remove

    for name in ("remove", "remove_by_labels", "clear"):  # the second came with 0.23
        if hasattr(metric, name):
            setattr(metric, name, withdrawing(getattr(metric, name)))


def _withdraw(child: Any) -> None:
    for series in _series_of(child):
        if isinstance(series, Gauge):
            series.withdraw()
        else:
            _say_once(child._name, "remove(): counts stay; what all workers counted must not go back")


def _series_of(child: Any) -> Iterator[Instrument | None]:
    """Yield the series of a child; one at least if it counts."""
    for value in (getattr(child, name, None) for name in ("_value", "_count", "_sum")):
        if isinstance(value, TakenValue):
            yield value.series
    yield from filter(None, [vars(child).get("_penstock_series")])
    for state in getattr(child, "_states", ()):
        yield _state_series(child, state)


def _plug_function(gauge: Any) -> None:
    own_set_function = gauge.set_function

    def set_function(self: Any, f: Callable[[], float]) -> None:
        """Set it for whoever asks the library, and say that nobody else does."""
        own_set_function(self, f)
        _withdraw(self)
        _say_once(self._name, "set_function(): nobody calls it here; expected set()")

    gauge.set_function = set_function


def _plug_registry(registry: Any, wrapper: Any) -> None:
    own_register = registry.register

    def register(self: Any, collector: Any) -> None:
        """Take it in, and say that its metrics are not shown if they are not counted by the library."""
        own_register(self, collector)
        if not isinstance(collector, wrapper):
            _leave(collector)

    registry.register = register


def _leave(collector: Any) -> None:
    kind = type(collector)
    if not f"{kind.__module__}.".startswith(_LIBRARY):
        _say_once(kind.__qualname__, "a collector: nobody calls it here; expected metrics of the library")


def _adopt(metric: Any) -> None:
    """Go on with the values of a metric that was made before."""
    for child in getattr(metric, "_metrics", {}).values():
        _adopt(child)
    if not metric._is_observable():
        return
    before = dict(vars(metric))
    metric._metric_init()
    for name in ("_value", "_count", "_sum"):
        if hasattr(before.get(name), "get") and isinstance(getattr(metric, name), TakenValue):
            getattr(metric, name).inc(before[name].get())
    for old, new in zip(before.get("_buckets", ()), getattr(metric, "_buckets", ()), strict=False):
        new.inc(old.get())


def _find_series(  # noqa: PLR0913 - what makes a definition
    kind: str,
    name: str,
    text: str,
    labels: tuple[Sequence[str], Sequence[str]],
    *,
    merge: Merge = Merge.SUM,
    bounds: Sequence[float] = (),
) -> Instrument | None:
    """Return the series of a child; None = it cannot be counted here, which is said once."""
    names, values = labels
    if merge is Merge.EACH and "worker" in names:
        merge = Merge.SUM
    try:
        definition = Definition(name, Kind(kind), text[:1000], tuple(names), tidy_bounds(bounds), merge)
        metric = METER.define(_SORTS.get(definition.kind, Gauge), definition)
        return metric.labels(*values) if names else metric
    except MetricError as error:
        _say_once(name, error)
        return None


def _say_once(name: str, reason: MetricError | str) -> None:
    if METER.is_news(name):
        log.warning("metric.not_taken_over name=%s: %s", name, reason)
