"""Texts of records, written with care: what comes from the application or the client may be anything.

In:     values.
Out:    bytes of bounded length; fields of an access record without LF.
Never:  raises for a value that is a str.
"""

from typing import Any, Final

from penstock.telemetry.records.record import MAX_PART_BYTES

# Most bytes of logger, request id, thread name and message; together with a trace below MAX_TEXT_BYTES.
LOG_MOST: Final = (200, 200, 100, 8000)
MAX_TRACE_BYTES: Final = 7500
_TRACE_BEGIN_BYTES: Final = 1500
_MAX_TRACE_LINE: Final = 1000
_TRACE: Final = " trace="


def access_part(value: Any) -> bytes:
    """One field of an access text, whatever the application put there: cut, without LF."""
    text = value if isinstance(value, str) else repr(value)
    return text[:MAX_PART_BYTES].encode("utf-8", "backslashreplace").replace(b"\n", b"\\n")


def id_with_trace(request_id: str, trace_id: str) -> str:
    """The field of the request id where the trace is a caller's."""
    return f"{request_id}{_TRACE}{trace_id}"


def split_id(field: str) -> tuple[str, str]:
    """Return request id and trace id of that field; the latter is empty where it has none."""
    request_id, _, trace_id = field.partition(_TRACE)
    return request_id, trace_id


def access_text(parts: tuple[bytes, ...]) -> bytes:
    """The five fields of an access record, each ended by LF."""
    return b"\n".join(part[:MAX_PART_BYTES] for part in parts) + b"\n"


def log_part(text: str, most: int) -> bytes:
    """UTF-8 of at most `most` bytes; what cannot be encoded (lone surrogates) is escaped."""
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) <= most:
        return raw
    return raw[: most - 40].decode("utf-8", "ignore").encode() + b" ... cut, %d bytes in all" % len(raw)


def trace_part(trace: str) -> bytes:
    """UTF-8 of a traceback; of one that is too long its begin and its end, which has the exception."""
    raw = trace.encode("utf-8", "backslashreplace")
    if len(raw) <= MAX_TRACE_BYTES:
        return raw
    lines = [line[:_MAX_TRACE_LINE] for line in trace.split("\n")]
    short = "\n".join(lines).encode("utf-8", "backslashreplace")
    if len(short) <= MAX_TRACE_BYTES:
        return short
    begin = short[:_TRACE_BEGIN_BYTES].rpartition(b"\n")[0]
    end = short[_TRACE_BEGIN_BYTES + 60 - MAX_TRACE_BYTES :].partition(b"\n")[2]
    return b"%b\n  ... cut, %d bytes in all\n%b" % (begin, len(raw), end)


def without_query(line: str) -> str:
    """A request line without what stands between its first question mark and its version."""
    before, mark, after = line.partition("?")
    if not mark:
        return line
    _, space, version = after.rpartition(" ")
    return f"{before}{space}{version}" if version.startswith("HTTP/") else before
