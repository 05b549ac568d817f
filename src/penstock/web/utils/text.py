"""Text: names for files and addresses, cutting, joining, compressing.

In:     text or bytes.
Out:    text or bytes.
Never:  knows about HTML (html.py) or encodings (encoding.py).

Rules:  Django's names and behaviour.
"""

import re
import secrets
import textwrap
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from gzip import GzipFile
from io import BytesIO
from typing import Any, Final

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.utils.functional import SimpleLazyObject, keep_lazy_text, lazy

_KEYPAD: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# A word begins with a capital behind a small letter, or before anything that is no capital.
_BEGINNING_OF_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?=[A-Z][^A-Z])(?!.\n\Z)", re.DOTALL)


@keep_lazy_text
def capfirst(x: Any) -> Any:
    """Text with its first letter in upper case."""
    return x if not x else str(x)[0].upper() + str(x)[1:]


@keep_lazy_text
def wrap(text: str, width: int) -> str:
    """Text in lines of at most `width` characters; longer words stay, and so do lines."""
    wrapper = textwrap.TextWrapper(
        width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    # A line of spaces alone is no line to textwrap.
    lines = [piece for line in text.splitlines() for piece in wrapper.wrap(line) or [line]]
    return "\n".join(lines) + "\n" * text.endswith("\n")


class Truncator(SimpleLazyObject):
    """Cuts plain text by characters or words; of HTML it would cut the tags, too."""

    def __init__(self, text: Any) -> None:
        super().__init__(lambda: str(text))

    def chars(self, num: int, truncate: str | None = None) -> str:
        """At most `num` characters, the mark of the cut included; combining characters count nothing."""
        text = unicodedata.normalize("NFC", self._made())
        mark = "\u2026" if truncate is None else truncate
        ends = [at for at, character in enumerate(text) if not unicodedata.combining(character)]
        if len(ends) <= num:
            return text
        room = max(0, num - sum(not unicodedata.combining(character) for character in mark))
        return text[: ends[room]] + mark if num > 0 else ""

    def words(self, num: int, truncate: str | None = None) -> str:
        """At most `num` words, then the mark of the cut."""
        words = self._made().split()
        if len(words) <= num:
            return " ".join(words)
        mark = "\u2026" if truncate is None else truncate
        return " ".join(words[: max(0, num)]) + mark if num > 0 else ""


def get_valid_filename(name: Any) -> str:
    """A file name of letters, digits, "-", "_" and ".".

    Raises:
        SuspiciousFileOperation: nothing is left, or only dots.
    """
    kept = re.sub(r"(?u)[^-\w.]", "", str(name).strip().replace(" ", "_"))
    if kept in ("", ".", ".."):
        raise SuspiciousFileOperation(f"file name {name!r} has no character that a file name may have")
    return kept


def get_text_list(list_: list[Any], last_word: str = "or") -> str:
    """A list as a sentence has it: "a, b or c"."""
    words = [str(each) for each in list_]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last_word} {words[-1]}"


@keep_lazy_text
def normalize_newlines(text: Any) -> str:
    r"""Text whose lines end in "\n"."""
    return re.sub(r"\r\n|\r", "\n", str(text))


@keep_lazy_text
def phone2numeric(phone: Any) -> str:
    """A telephone number whose letters are keys: "1-800-COLLECT"."""
    return str(phone).lower().translate(_KEYPAD)


def compress_string(s: bytes, *, max_random_bytes: int | None = None) -> bytes:
    """Bytes gzipped, always to the same bytes, unless a name of random length is asked for (BREACH)."""
    target = BytesIO()
    with _gzip_file(target, max_random_bytes) as zipped:
        zipped.write(s)
    return target.getvalue()


def _gzip_file(target: BytesIO, max_random_bytes: int | None) -> GzipFile:
    name = "a" * secrets.randbelow(max_random_bytes) if max_random_bytes else ""
    return GzipFile(filename=name, mode="wb", compresslevel=6, fileobj=target, mtime=0)


class StreamingBuffer(BytesIO):
    """A buffer that is emptied by reading all of it."""

    def read(self, _size: int | None = -1, /) -> bytes:
        """All that was written since the last read."""
        written = self.getvalue()
        self.seek(0)
        self.truncate()
        return written


class _GzipStream:
    """A gzip file that gives out at once what each piece has become."""

    def __init__(self, max_random_bytes: int | None) -> None:
        self._buffer = StreamingBuffer()
        self._file = _gzip_file(self._buffer, max_random_bytes)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        return self._buffer.read()

    def feed(self, piece: bytes) -> bytes:
        """Compress a piece; return what has come out."""
        self._file.write(piece)
        self._file.flush()
        return self.take()

    def end(self) -> bytes:
        """Return the end of the file."""
        self._file.close()
        return self.take()


def compress_sequence(sequence: Iterable[bytes], *, max_random_bytes: int | None = None) -> Iterator[bytes]:
    """Pieces gzipped one by one: each comes out when it came in, and the stream's end last."""
    stream = _GzipStream(max_random_bytes)
    yield stream.take()  # the header
    for piece in sequence:
        if compressed := stream.feed(piece):
            yield compressed
    yield stream.end()


async def acompress_sequence(
    sequence: AsyncIterable[bytes], *, max_random_bytes: int | None = None
) -> AsyncIterator[bytes]:
    """Do as `compress_sequence` does, with pieces that are waited for."""
    stream = _GzipStream(max_random_bytes)
    yield stream.take()  # the header
    async for piece in sequence:
        if compressed := stream.feed(piece):
            yield compressed
    yield stream.end()


def unescape_string_literal(s: str) -> str:
    """The text that a quoted literal means.

    Raises:
        ValueError: it is not quoted.
    """
    if not s or s[0] not in "\"'" or s[-1] != s[0]:
        raise ValueError(f"literal {s!r}; expected text in quotes")
    quote = s[0]
    return s[1:-1].replace(rf"\{quote}", quote).replace(r"\\", "\\")


@keep_lazy_text
def slugify(value: Any, allow_unicode: bool = False) -> str:
    """Text for an address: lower-case letters, digits, "_", "-" for space; ASCII unless told otherwise."""
    text = unicodedata.normalize("NFKC", str(value))
    if not allow_unicode:
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text.lower())).strip("-_")


def camel_case_to_spaces(value: str) -> str:
    """The words of a name like CamelCase in lower case."""
    return _BEGINNING_OF_WORD.sub(" ", value).strip().lower()


def _format(format_string: Any, *args: Any, **kwargs: Any) -> str:
    return str(format_string).format(*args, **kwargs)


format_lazy = lazy(_format, str)
