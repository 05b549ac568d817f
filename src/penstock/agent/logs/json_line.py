"""Access and error lines as JSON, one object a line, named as OpenTelemetry names things.

Durations of the server's phases have no OpenTelemetry name; they are `penstock.*_ms`. A request line that is
not `method target version` (a refused request) stands whole in `penstock.request_line`.

In:     decoded records; fields already safe between JSON quotes.
Out:    lines, LF at each end, ASCII only.
Never:  builds a dictionary per record (json.dumps costs 5 us), writes.

Rules:  RFC 8259; OpenTelemetry log data model and HTTP semantic conventions (names).
"""

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from penstock.agent.logs.access_line import MillisecondTexts, outcome_name
from penstock.agent.logs.error_line import LogEntry, severity
from penstock.telemetry.clock import WallClock
from penstock.telemetry.records.record import JOINED, Outcome
from penstock.telemetry.records.text import split_id
from penstock.telemetry.traces.trace import REASONS
from penstock.telemetry.traces.trace_context import derive_ids

_LANES: Final = ("inline", "pool")
_REFUSED: Final = int(Outcome.REFUSED)
# Together 5 MiB in the worst case, 1 MiB in an ordinary one.
_MAX_LINES: Final = 4096
_MAX_LINE_LETTERS: Final = 512


class RequestLineTexts(dict[str, str]):
    """Request line -> its members of the object. Lines repeat; cutting one up costs 250 ns, finding it 40."""

    def __missing__(self, line: str) -> str:
        """Cut the line up; remember it if it is short, dropping all when there are too many."""
        words = line.split(" ")
        if len(words) == 3:
            path, _, query = words[1].partition("?")
            text = (
                f'"http.request.method":"{words[0]}","url.path":"{path}","url.query":"{query}",'
                f'"network.protocol.version":"{words[2].removeprefix("HTTP/")}"'
            )
        else:
            text = f'"penstock.request_line":"{line}"'
        if len(line) <= _MAX_LINE_LETTERS:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[line] = text
        return text


class JSONAccess:
    """Formats batches of access records as JSON."""

    __slots__ = ("_clock", "_ms", "_targets")

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._ms = MillisecondTexts()
        self._targets = RequestLineTexts()

    def lines(self, rows: Sequence[tuple[Any, ...]], fields: Sequence[str], worker: int) -> str:
        """Format one batch. One loop without calls: it runs once for each request of the whole server."""
        ms = self._ms
        targets = self._targets
        clock = self._clock
        second = who = ""
        low_ns = high_ns = 0
        last_whose = None
        lines = []
        columns = zip(
            rows, fields[0::5], fields[1::5], fields[2::5], fields[3::5], fields[4::5], strict=False
        )
        for row, line, peer, request, referer, agent in columns:
            (_, _, _, last_ns, head, body, queue, response, application, send, total,
             received, sent, pid, status, thread, outcome, lane, _) = row  # fmt: skip
            if not low_ns <= last_ns < high_ns:
                second = clock.second_utc(last_ns)
                low_ns, high_ns = clock.low_ns, clock.high_ns
            whose = (pid, thread, outcome, lane)
            if whose != last_whose:  # seldom: a batch is one worker's
                last_whose = whose
                who = (
                    f'"process.pid":{pid},"penstock.worker":{worker},"thread.id":{thread},'
                    f'"penstock.lane":"{_LANES[lane & 1]}",'
                    f'"penstock.outcome":"{outcome_name(outcome) if outcome else "complete"}",'
                )
            request_id, trace = request, ""
            if lane > 1:
                request_id, trace = _traced(lane, request)
            lines.append(
                f'{{"timestamp":"{second}.{str((last_ns - low_ns) // 1000 + 1_000_000)[1:]}Z",'
                f'"severity_text":"INFO","event.name":"http.access",{targets[line]},'
                f'"http.response.status_code":{status},"http.response.body.size":{sent},'
                f'"http.request.body.size":{received},"client.address":"{peer}",'
                f'"http.request.header.referer":"{referer}",'
                f'"{"user_agent.original" if outcome != _REFUSED else "penstock.reason"}":"{agent}",'
                f"{trace}{who}"
                f'"penstock.request_id":"{request_id}",'
                f'"penstock.total_ms":{ms[total]},"penstock.head_ms":{ms[head]},'
                f'"penstock.body_ms":{ms[body]},"penstock.queue_ms":{ms[queue]},'
                f'"penstock.application_ms":{ms[application]},"penstock.response_ms":{ms[response]},'
                f'"penstock.send_ms":{ms[send]}}}\n'
            )
        return "".join(lines)


def ids_of(lane: int, field: str) -> tuple[str, str]:
    """Request id and trace id, from the byte of the lane and the field of the id; empty = it has none.

    A request that is not kept has no trace, unless it is a caller's.
    """
    if lane & JOINED:
        return split_id(field)
    return field, derive_ids(field)[0] if lane & REASONS and field else ""


def _traced(lane: int, field: str) -> tuple[str, str]:
    request_id, trace_id = ids_of(lane, field)
    return request_id, f'"trace_id":"{trace_id}",' if trace_id else ""


class JSONErrors:
    """Formats log records as JSON."""

    __slots__ = ("_clock",)

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock

    def line(self, entry: LogEntry) -> str:
        """One entry, one line, traceback included."""
        quote = encode_basestring_ascii
        pairs = [
            f'"timestamp":"{self._clock.rfc3339_utc(entry.time_ns)}"',
            f'"severity_text":"{severity(entry.level)}"',
            f'"severity_number":{_severity_number(entry.level)}',
            f'"body":{quote(entry.message)}',
            f'"log.logger":{quote(entry.logger)}',
            f'"process.pid":{entry.pid}',
        ]
        if entry.slot:
            pairs.append(f'"penstock.worker":{entry.slot}')
        if entry.thread_name:
            pairs.append(f'"thread.name":{quote(entry.thread_name)}')
        if entry.request_id:
            pairs.append(f'"penstock.request_id":{quote(entry.request_id)}')
        if entry.trace_id:
            pairs.append(f'"trace_id":"{entry.trace_id}","span_id":"{entry.span_id}"')
        if entry.trace:
            pairs.append(f'"exception.stacktrace":{quote(entry.trace)}')
        return "{" + ",".join(pairs) + "}\n"


def _severity_number(level: int) -> int:
    """OpenTelemetry's numbers: debug 5, info 9, warning 13, error 17, fatal 21."""
    return min(max(level // 10 * 4 + 1, 1), 21)
