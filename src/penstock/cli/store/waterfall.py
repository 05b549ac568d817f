"""A trace as a picture of text: who waited for whom, and for how long.

    GET /pay             0.000    12.300 ms  ==============================
      head               0.000     0.053 ms  =
      application        0.066    12.100 ms  =============================
        SELECT orders    1.020     3.400 ms    ========
        ! bank           4.600     7.300 ms             ==================
          timed out after 7 s

Begin and duration are in milliseconds from the first byte. `!` = an error, which stands below; `+` behind a
duration = it was not over when the request was.

In:     a Trace, the width of the terminal.
Out:    lines.
Never:  trusts what a span is called, or that parents lead to a root.
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

from penstock.agent.logs.escape import escape_message
from penstock.agent.traces import Trace, TraceSpan
from penstock.telemetry.clock import NS_PER_S

MIN_WIDTH: Final = 60
_NAME_PART: Final = 0.4
_NUMBERS: Final = 24  # columns of begin and duration
_NS_PER_MS: Final = NS_PER_S / 1000
_MAX_DEPTH: Final = 20


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """A span and how deep it lies."""

    span: TraceSpan
    depth: int

    @property
    def name(self) -> str:
        """As it stands in its column."""
        mark = "! " if self.span.error else ""
        return f"{'  ' * min(self.depth, _MAX_DEPTH)}{mark}{escape_message(self.span.name)}"


def draw_waterfall(trace: Trace, width: int) -> list[str]:
    """Return a line a span, and one more where it failed.

    Args:
        trace: to draw.
        width: of the terminal; no line is longer if it has 60 columns.
    """
    rows = list(_rows(trace))
    width = max(width, MIN_WIDTH)
    name_width = min(max((len(row.name) for row in rows), default=0), int(width * _NAME_PART))
    bar_width = width - name_width - _NUMBERS - 2
    scale = _Scale(trace, bar_width)
    return [line for row in rows for line in _lines(row, scale, name_width, width)]


class _Scale:
    """Moments as columns: the first of all spans is 0, the last is the right edge."""

    def __init__(self, trace: Trace, width: int) -> None:
        self._width = width
        self.start_ns = min((span.start_ns for span in trace.spans), default=0)
        stop_ns = max((span.start_ns + span.duration_ns for span in trace.spans), default=0)
        self._ns = max(stop_ns - self.start_ns, 1)

    def bar(self, span: TraceSpan) -> str:
        """Return the bar of a span, one column at least."""
        start = int((span.start_ns - self.start_ns) * self._width / self._ns)
        stop = round((span.start_ns + span.duration_ns - self.start_ns) * self._width / self._ns)
        start = min(max(start, 0), self._width - 1)
        return " " * start + "=" * min(max(stop - start, 1), self._width - start)


def _lines(row: _Row, scale: _Scale, name_width: int, width: int) -> Iterator[str]:
    span = row.span
    begin_ms = (span.start_ns - scale.start_ns) / _NS_PER_MS
    duration_ms = span.duration_ns / _NS_PER_MS
    name = row.name if len(row.name) <= name_width else f"{row.name[: name_width - 1]}~"
    unit = "ms+" if span.is_open else "ms "
    yield f"{name:<{name_width}} {begin_ms:>9.3f} {duration_ms:>9.3f} {unit} {scale.bar(span)}".rstrip()
    if span.error:
        yield f"{'  ' * min(row.depth + 1, _MAX_DEPTH)}{escape_message(span.error)}"[:width]


def _rows(trace: Trace) -> Iterator[_Row]:
    """Yield spans as a tree, children by their begin; each once, those without a parent at the margin."""
    known = {span.span_id for span in trace.spans}
    children: dict[str, list[TraceSpan]] = {}
    for span in sorted(trace.spans, key=lambda each: each.start_ns):
        parent = span.parent_id if span.parent_id in known and span.parent_id != span.span_id else ""
        children.setdefault(parent, []).append(span)
    waiting = [_Row(span, 0) for span in reversed(children.pop("", []))]
    while waiting or children:
        if not waiting:  # spans that are each other's parents
            waiting = [_Row(span, 0) for span in reversed(children.pop(next(iter(children))))]
        row = waiting.pop()
        yield row
        waiting += [_Row(span, row.depth + 1) for span in reversed(children.pop(row.span.span_id, []))]
