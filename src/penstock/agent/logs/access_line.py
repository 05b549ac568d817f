"""Access lines as text: the combined log format, and after it what no other log says.

    127.0.0.1 - - [20/Nov/2026:09:50:00 +0000] "GET /a?b=1 HTTP/1.1" 200 1234 "-" "curl/8" pid=4121 id=1f3a
    total_ms=3.712 head_ms=0.041 body_ms=0.000 queue_ms=0.012 application_ms=3.601 send_ms=0.058   (one line)

and ` outcome=peer_gone` (truncated, surplus, failed, timed_out, cut) when it was not complete, and
` outcome=refused reason="..."` when the request never reached the application. The time is that of the last
byte, so lines stand in order; log analysers that know `combined` read the line up to the user agent.

In:     decoded records and their fields, already safe.
Out:    lines, LF at each end.
Never:  escapes (escape.py), writes.
"""

from collections.abc import Sequence
from typing import Any, Final

from penstock.telemetry.clock import WallClock
from penstock.telemetry.memory.histogram import TICK_BITS
from penstock.telemetry.records.record import Outcome

_MAX_TEXTS: Final = 65536


class MillisecondTexts(dict[int, str]):
    """Ticks -> milliseconds with three decimals; formatting a float costs 120 ns, finding its text 20."""

    def __missing__(self, ticks: int) -> str:
        """Format, and remember while the table is small."""
        text = f"{(ticks << TICK_BITS) / 1_000_000:.3f}"
        if len(self) < _MAX_TEXTS:
            self[ticks] = text
        return text


class TextAccess:
    """Formats batches of access records as text."""

    __slots__ = ("_clock", "_ms")

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._ms = MillisecondTexts()

    def lines(self, rows: Sequence[tuple[Any, ...]], fields: Sequence[str], _worker: int = 0) -> str:
        """Format one batch. One loop without calls: it runs once for each request of the whole server."""
        ms = self._ms
        clock = self._clock
        stamp = ""
        low_ns = high_ns = 0
        lines = []
        columns = zip(
            rows, fields[0::5], fields[1::5], fields[2::5], fields[3::5], fields[4::5], strict=False
        )
        for row, line, peer, request_id, referer, agent in columns:
            (_, _, _, last_ns, head, body, queue, _, application, send, total,
             _, sent, pid, status, _, outcome, _, _) = row  # fmt: skip
            if not low_ns <= last_ns < high_ns:
                stamp = clock.common_log(last_ns)
                low_ns, high_ns = clock.low_ns, clock.high_ns
            shown, ending = agent or "-", "\n"
            if outcome:
                shown, ending = _unusual(outcome, agent)
            lines.append(
                f'{peer or "-"} - - [{stamp}] "{line}" {status} {sent} "{referer or "-"}" "{shown}" '
                f"pid={pid} id={request_id or '-'} total_ms={ms[total]} head_ms={ms[head]} "
                f"body_ms={ms[body]} queue_ms={ms[queue]} application_ms={ms[application]} "
                f"send_ms={ms[send]}{ending}"
            )
        return "".join(lines)


def outcome_name(outcome: int) -> str:
    """Lower-case name; a number no version of ours writes is shown as it is."""
    try:
        return Outcome(outcome).name.lower()
    except ValueError:
        return str(outcome)


def _unusual(outcome: int, agent: str) -> tuple[str, str]:
    """User agent and ending of a line whose request was not complete; a refused one has its reason there."""
    if outcome == Outcome.REFUSED:
        return "-", f' outcome=refused reason="{agent}"\n'
    return agent or "-", f" outcome={outcome_name(outcome)}\n"
