"""`penstock trace`: the kept requests in the store, or one of them as a waterfall.

In:     a store (file.py).
Out:    a table, waterfalls, or JSON for programs.
Never:  changes the store.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from penstock.agent.store import StoreReader
from penstock.agent.traces import Trace
from penstock.cli.error import CommandError
from penstock.cli.store.file import print_store
from penstock.cli.store.waterfall import draw_waterfall
from penstock.cli.text import columns, moment, safe_lines
from penstock.config import ConfigError
from penstock.telemetry.clock import NS_PER_S

if TYPE_CHECKING:
    import argparse

HEADER: Final = ("trace", "time", "ms", "status", "kept", "request")
_RIGHT: Final = frozenset({2})
_ID_LETTERS: Final = 12


def run_trace(arguments: "argparse.Namespace") -> int:
    """Print a list of traces, or those that an id names.

    Raises:
        ConfigError: a word cannot be understood.
        CommandError: there is no store, or no such trace.
    """
    return print_store(arguments, _reading(arguments))


def _reading(arguments: "argparse.Namespace") -> Callable[[StoreReader], str]:
    """Return what is to be done with the store.

    Raises:
        ConfigError: the number is none.
    """
    count = arguments.number
    if not (count.isascii() and count.isdigit() and 0 < int(count[:9]) <= 1000):
        raise ConfigError(f"-n {count!r}; expected a number from 1 to 1000")
    width = shutil.get_terminal_size().columns

    def read(reader: StoreReader) -> str:
        if not arguments.id:
            found = reader.traces(int(count), by_duration=arguments.slowest, only_errors=arguments.errors)
            return render_json(found) if arguments.json else render_table(found)
        found = reader.find_traces(arguments.id)
        if not found:
            raise CommandError(
                f"trace {arguments.id!r} is not there; expected the id of one, or of a request"
            )
        return (
            render_json(found) if arguments.json else "\n".join(render_trace(each, width) for each in found)
        )

    return read


def render_table(traces: Sequence[Trace]) -> str:
    """Return one line a trace."""
    if not traces:
        return "no traces\n"
    rows = [
        (
            trace.trace_id[:_ID_LETTERS],
            moment(trace.start_ns / NS_PER_S),
            f"{trace.duration_ns / NS_PER_S * 1000:.1f}",
            str(trace.status),
            ",".join(trace.reasons),
            *safe_lines(trace.request_line)[:1],
        )
        for trace in traces
    ]
    return columns([HEADER, *rows], _RIGHT)


def render_trace(trace: Trace, width: int) -> str:
    """Return a head and the waterfall of one request."""
    return "".join(f"{line}\n" for line in (*_head(trace), "", *draw_waterfall(trace, width)))


def render_json(traces: Sequence[Trace]) -> str:
    """Return a list of objects; times are ns since 1970."""
    return json.dumps([_plain(trace) for trace in traces], indent=2) + "\n"


def _head(trace: Trace) -> Iterator[str]:
    yield from safe_lines(trace.request_line)
    fields = {
        "status": f"{trace.status} {trace.outcome}",
        "kept as": ", ".join(trace.reasons),
        "time": f"{moment(trace.start_ns / NS_PER_S)}, {trace.duration_ns / NS_PER_S * 1000:.3f} ms",
        "trace": trace.trace_id,
        "request": trace.request_id,
        "worker": f"pid {trace.pid}" + (f" of {trace.server}" if trace.server else ""),
        "client": trace.peer,
        "lost": f"{trace.lost_spans} spans found no room" if trace.lost_spans else "",
    }
    for name, value in fields.items():
        if value:
            yield f"  {name:<8} {safe_lines(value)[0]}"


def _plain(trace: Trace) -> dict[str, object]:
    spans = [
        {field.name: getattr(span, field.name) for field in dataclasses.fields(span)}
        | {"kind": span.kind.value, "attributes": dict(span.attributes)}
        for span in trace.spans
    ]
    return {field.name: getattr(trace, field.name) for field in dataclasses.fields(trace)} | {"spans": spans}
