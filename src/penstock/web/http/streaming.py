"""A response whose body is made while it is sent.

In:     an iterable, or an asynchronous one.
Out:    its pieces as bytes, once.
Never:  holds the body, or reads ahead.

Each kind of source is meant for one kind of server; the other has to take everything at once, and warns.
"""

import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from penstock.web.http.head import HttpResponseBase
from penstock.web.utils.crossing import run_in_thread, wait_for

Source = Iterable[object] | AsyncIterable[object]


class StreamingHttpResponse(HttpResponseBase):
    """An answer that is produced piece by piece; the source is closed with the response.

    Args:
        streaming_content: the source; pieces are bytes, text or anything with str().
        content_type: as of HttpResponse, like the others.
        status: see above.
        reason: see above.
        charset: see above.
        headers: see above.
    """

    streaming = True
    is_async: bool
    _iterator: Any

    def __init__(
        self,
        streaming_content: Source = (),
        content_type: str | None = None,
        status: int | str | None = None,
        reason: str | None = None,
        charset: str | None = None,
        headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
    ) -> None:
        super().__init__(content_type, status, reason, charset, headers)
        self.streaming_content = streaming_content

    def __repr__(self) -> str:
        # Not the class that is written here: subclasses say their own name.
        name = type(self).__qualname__
        return f"<{name} status_code={self.status_code}{self._type_shown}>"

    @property
    def content(self) -> bytes:
        """Not there.

        Raises:
            AttributeError: always, for reading and assigning.
        """
        return self._refuse_content()

    @content.setter
    def content(self, _value: object) -> None:
        self._refuse_content()

    def _refuse_content(self) -> NoReturn:
        name = type(self).__name__
        raise AttributeError(
            f"This {name} instance has no `content` attribute. Use `streaming_content` instead."
        )

    @property
    def text(self) -> str:
        """Not there, likewise."""
        raise AttributeError(f"This {type(self).__name__} instance has no `text` attribute.")

    @property
    def streaming_content(self) -> Iterator[bytes] | AsyncIterator[bytes]:
        """The source, its pieces as bytes; assigning puts another in its place, often one made from this."""
        if self.is_async:
            return self._encode_async(self._iterator)
        return map(self.make_bytes, self._iterator)

    @streaming_content.setter
    def streaming_content(self, value: Source) -> None:
        self._set_streaming_content(value)

    def _set_streaming_content(self, value: Source) -> None:
        """Take a source, and care for its closing."""
        try:
            self._iterator, self.is_async = iter(value), False  # type: ignore[arg-type]  # TypeError if it is not
        except TypeError:
            self._iterator, self.is_async = aiter(value), True  # type: ignore[arg-type]  # the same
        if hasattr(value, "close"):
            self._resource_closers.append(value.close)

    async def _encode_async(self, source: AsyncIterator[object]) -> AsyncIterator[bytes]:
        async for piece in source:
            yield self.make_bytes(piece)

    def __iter__(self) -> Iterator[bytes]:
        if not self.is_async:
            return map(self.make_bytes, self._iterator)
        _warn_of_conversion("asynchronous", "synchronously", "a synchronous")
        return iter(wait_for(_gather(self._encode_async(self._iterator))))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.is_async:
            async for piece in self._encode_async(self._iterator):
                yield piece
            return
        _warn_of_conversion("synchronous", "asynchronously", "an asynchronous")
        for piece in await run_in_thread(self._take_all)():
            yield piece

    def _take_all(self) -> list[bytes]:
        return [self.make_bytes(piece) for piece in self._iterator]

    def getvalue(self) -> bytes:
        """Use the source up and return the whole body."""
        return b"".join(self)


async def _gather(source: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in source]


def _warn_of_conversion(given: str, served: str, expected: str) -> None:
    warnings.warn(
        f"StreamingHttpResponse must consume {given} iterators in order to serve them {served}. "
        f"Use {expected} iterator instead.",
        Warning,
        stacklevel=3,
    )
