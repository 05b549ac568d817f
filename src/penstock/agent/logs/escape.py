r"""What a client may put into a log line: nothing that a terminal, a program or a person takes for more.

A field goes into a line as it is when it is printable ASCII without quotes and backslashes; nearly all are,
so a whole batch is tested with one C call and only a batch that fails is looked at field by field. Everything
else is escaped, so that one record is one line and a quoted field ends where its quote does:

    text access line   quote and backslash get a backslash; other bytes become \xhh, the bytes as sent
    JSON               as JSON strings, ASCII only; UTF-8 is decoded where it is valid
    error log          what cannot be seen or moves other text becomes \x, \u or \U; letters stay

In:     raw texts of records.
Out:    strings safe in their place.
Never:  drops a character without a trace.
"""

from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from penstock.telemetry.records.record import ACCESS_FIELDS
from penstock.telemetry.records.text import without_query

# Bytes that stand for themselves in every format; LF only separates fields here.
_PLAIN: Final = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\') + b"\n"

_TEXT_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}


def split_access_text(
    rows: Sequence[tuple[Any, ...]], text: bytes, escape: Callable[[bytes], str]
) -> list[str]:
    """Fields of a batch, five a record, in order, safe.

    Args:
        rows: the fixed parts; only their text bounds are used.
        text: all texts of the batch, one after the other.
        escape: makes the bytes of one field safe; called for those that are not plain.
    """
    if text.translate(None, _PLAIN):
        return [_safe(field, escape) for record in _record_texts(rows, text) for field in _five(record)]
    fields = text.decode("ascii").split("\n")
    if len(fields) != ACCESS_FIELDS * len(rows) + 1:  # some field holds LF: cut by the bounds of each record
        return [_safe(field, escape) for record in _record_texts(rows, text) for field in _five(record)]
    return fields


def strip_queries(fields: list[str]) -> list[str]:
    """The same fields without query strings: of request lines, and of referers (often our own)."""
    fields[0::ACCESS_FIELDS] = [without_query(line) for line in fields[0::ACCESS_FIELDS]]
    fields[3::ACCESS_FIELDS] = [referer.partition("?")[0] for referer in fields[3::ACCESS_FIELDS]]
    return fields


def escape_text(field: bytes) -> str:
    """One field of a text access line, without its quotes."""
    return field.decode("latin-1").translate(_TEXT_ESCAPES)


def escape_json(field: bytes) -> str:
    """One field of a JSON line, without its quotes."""
    try:
        text = field.decode("utf-8")
    except UnicodeDecodeError:  # each byte is shown as the letter of its number
        text = field.decode("latin-1")
    return encode_basestring_ascii(text)[1:-1].replace("\x7f", "\\u007f")


def escape_message(text: str) -> str:
    """One line of an error log entry: what cannot be seen, or moves other text, is spelt out."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _spelt(letter) for letter in text)


def _spelt(letter: str) -> str:
    code = ord(letter)
    if letter == "\t":
        return "    "
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _safe(field: bytes, escape: Callable[[bytes], str]) -> str:
    """Plain as it is, LF included in what is not plain."""
    if field.translate(None, _PLAIN) or b"\n" in field:
        return escape(field)
    return field.decode("ascii")


def _record_texts(rows: Sequence[tuple[Any, ...]], text: bytes) -> Iterator[bytes]:
    begin = rows[0][1]
    for row in rows:
        yield text[row[1] - begin : row[2] - begin]


def _five(record: bytes) -> list[bytes]:
    """Exactly five fields, as sent: missing ones empty, surplus LF kept inside the last (and escaped).

    All but the request line are UTF-8 of what the environ holds, one letter a byte (PEP 3333); undone here.
    """
    line, *others = record.removesuffix(b"\n").split(b"\n", ACCESS_FIELDS - 1)
    others += [b""] * (ACCESS_FIELDS - 1 - len(others))
    return [line, *map(_as_sent, others)]


def _as_sent(field: bytes) -> bytes:
    """The bytes that a latin-1 decoded string stood for; a field that is none of ours stays as it is."""
    try:
        return field.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return field
