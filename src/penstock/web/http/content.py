"""A response whose body is held whole.

In:     bytes, text, or anything with pieces.
Out:    the body as bytes, all at once or piece by piece.
Never:  keeps an iterator: it is used up, and closed, when it is given.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from penstock.web.conf import settings
from penstock.web.http.head import HttpResponseBase, html_type, stated_charset, type_field
from penstock.web.http.status import parse_status


class HttpResponse(HttpResponseBase):
    """An answer with its content at hand.

    Args:
        content: bytes or text; of any other iterable the pieces, of anything else its str().
        content_type: default: HTML in the charset.
        status: default: that of the class.
        reason: default: the standard's words for the status.
        charset: of text; default: that of the content type, else DEFAULT_CHARSET.
        headers: fields to begin with.

    Raises:
        ValueError: a status outside 100 to 599; a Content-Type given twice.
        TypeError: a status that is no integer.
    """

    _chunks: list[bytes]

    def __init__(
        self,
        content: object = b"",
        content_type: str | None = None,
        status: int | str | None = None,
        reason: str | None = None,
        charset: str | None = None,
        headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
    ) -> None:
        # What nearly every view returns, by hand: one frame instead of four.  A class with a content of its
        # own goes the other way, which asks it.
        is_plain = reason is None and charset is None and headers is None
        if not is_plain or type(self).content is not HttpResponse.content:
            super().__init__(content_type, status, reason, charset, headers)
            self.content = content
            return
        default = settings.DEFAULT_CHARSET
        field = html_type(default) if content_type is None else type_field(content_type)
        self._store = {"content-type": field}
        self._resource_closers = []
        if status is not None:
            self.status_code = parse_status(status)
        if content.__class__ is bytes:
            self._chunks = [content]
        elif content.__class__ is str:
            self._chunks = [content.encode(stated_charset(field[1]) or default)]
        else:
            self.content = content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status_code={self.status_code}{self._type_shown}>"

    def serialize(self) -> bytes:
        """Return the whole message but its status line."""
        return self.serialize_headers() + b"\r\n\r\n" + self.content

    __bytes__ = serialize

    @property
    def content(self) -> bytes:
        """The body; assigning replaces it."""
        return b"".join(self._chunks)

    @content.setter
    def content(self, value: object) -> None:
        if value.__class__ is bytes:
            self._chunks = [value]
        elif isinstance(value, (bytes, str, memoryview)) or not hasattr(value, "__iter__"):
            self._chunks = [self.make_bytes(value)]
        else:
            self._chunks = [b"".join(self.make_bytes(piece) for piece in value)]
            _close(value)

    @property
    def text(self) -> str:
        """The body as text, in its charset."""
        return self.content.decode(self.charset or "utf-8")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def write(self, content: object) -> None:
        """Append to the body."""
        self._chunks.append(self.make_bytes(content))

    def writelines(self, lines: Iterable[object]) -> None:
        """Append each of several pieces."""
        for line in lines:
            self.write(line)

    def tell(self) -> int:
        """Return the length of the body in bytes."""
        return len(self.content)

    def getvalue(self) -> bytes:
        """Return the body."""
        return self.content

    def writable(self) -> bool:
        """Tell the file interface that `write` works."""
        return True


def _close(value: Any) -> None:
    """Close what was read out; whether that works matters to nobody any more."""
    if hasattr(value, "close"):
        with contextlib.suppress(Exception):
            value.close()
