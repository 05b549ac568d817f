"""Forms with files: multipart/form-data.

In:     the META and the stream of a request, and the handlers that take files.
Out:    POST and FILES.
Never:  holds a file (handlers do), or more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes of fields.

Rules:  RFC 7578; Django's upload handlers, limits and tolerance (decisions/multipart.md: why this is ours).

What counts against which limit:

    DATA_UPLOAD_MAX_NUMBER_FIELDS   parts that are no files; two more may come, the preamble and the epilogue
    DATA_UPLOAD_MAX_NUMBER_FILES    parts with a filename
    DATA_UPLOAD_MAX_MEMORY_SIZE     of each field its name, its value and 2 bytes; files are not counted
"""

import base64
import binascii
import contextlib
import html
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from penstock.web.core.files.uploadhandler import SkipFile, StopFutureHandlers, StopUpload
from penstock.web.http.body import TOO_MUCH_DATA, close_files, stated_length
from penstock.web.http.multipartstream import LazyStream
from penstock.web.http.part import (
    FIELD,
    FILE,
    MAX_TOTAL_HEADER_SIZE,
    RAW,
    MultiPartParserError,
    Parser,
    PartHeaders,
)
from penstock.web.http.querydict import TOO_MANY_FIELDS, QueryDict
from penstock.web.utils.datastructures import MultiValueDict
from penstock.web.utils.http import parse_header_parameters

__all__ = [
    "FIELD",
    "FILE",
    "MAX_TOTAL_HEADER_SIZE",
    "RAW",
    "InputStreamExhausted",
    "LazyStream",
    "MultiPartParser",
    "MultiPartParserError",
    "Parser",
]

_BOUNDARY: Final = re.compile(r"[ -~]{0,200}[!-~]")
_MAX_CHUNK_BYTES: Final = 2**31 - 4  # some systems read no more at once
_UNTOLD_ENDS: Final = 2  # preamble and epilogue
_BAD_BASE64: Final = "Could not decode base64 data."


class InputStreamExhausted(Exception):
    """Nothing is left to read; upload handlers that parse by themselves raise it."""


class MultiPartParser:
    """Parses one body.

    Args:
        META: for Content-Type and Content-Length.
        input_data: the stream.
        upload_handlers: who takes the files, in order.
        encoding: of names and values; default: DEFAULT_CHARSET.

    Raises:
        MultiPartParserError: not multipart; no boundary, or not one; a negative length.
    """

    boundary_re = _BOUNDARY

    def __init__(
        self,
        META: Mapping[str, Any],  # noqa: N803 - Django's name
        input_data: Any,
        upload_handlers: Sequence[Any],
        encoding: str | None = None,
    ) -> None:
        self._boundary = find_boundary(META.get("CONTENT_TYPE", ""))
        self._content_length = _checked_length(META)
        self._meta = META
        self._input_data = input_data
        self._upload_handlers = upload_handlers
        self._encoding = encoding or settings.DEFAULT_CHARSET
        sizes = [handler.chunk_size for handler in upload_handlers if handler.chunk_size]
        self._chunk_size: int = min([_MAX_CHUNK_BYTES, *sizes])
        self._post = QueryDict(mutable=True)
        self._files: MultiValueDict[str] = MultiValueDict()

    def parse(self) -> tuple[Any, Any]:
        """Return POST, a QueryDict, and FILES, a MultiValueDict.

        Raises:
            MultiPartParserError: a head too long; a file that is not the base64 it says; a useless charset.
            TooManyFieldsSent, TooManyFilesSent, RequestDataTooBig: see the header of this file.
            UnreadablePostError: the stream fails.
        """
        if self._content_length == 0:
            return QueryDict(encoding=self._encoding), MultiValueDict()
        # A handler may parse everything by itself.
        for handler in self._upload_handlers:
            parsed = handler.handle_raw_input(
                self._input_data, self._meta, self._content_length, self._boundary, self._encoding
            )
            if parsed is not None:
                return parsed[0], parsed[1]
        try:
            self._parse_parts()
        except Exception:
            self._close_files()
            close_files(self._files)
            raise
        self._post._mutable = False
        return self._post, self._files

    def _parse_parts(self) -> None:
        chunks = iter(partial(self._input_data.read, self._chunk_size), b"")
        upload = _Upload(self._upload_handlers)
        try:
            self._take_parts(Parser(LazyStream(chunks), self._boundary), upload)
        except StopUpload as stop:
            self._close_files()
            if not stop.connection_reset:
                _exhaust(chunks)
        else:
            if upload.is_open:
                upload.interrupt()
            _exhaust(chunks)
        # The first handler that says so had the last word.
        any(handler.upload_complete() for handler in self._upload_handlers)

    def _take_parts(self, parts: Iterable[tuple[str, PartHeaders, LazyStream]], upload: "_Upload") -> None:
        tally = _Tally()
        for kind, headers, stream in parts:
            # A file is complete when the next part begins: before, it may have been cut off.
            if upload.is_open:
                self._keep_file(upload)
            tally.count(kind)
            name = self._name_of(headers)
            if name is None:
                continue
            if kind is FIELD:
                self._post.appendlist(name, self._read_field(name, headers, stream, tally))
            elif kind is FILE:
                self._receive_file(name, headers, stream, upload)

    def _name_of(self, headers: PartHeaders) -> str | None:
        name = headers["content-disposition"][1].get("name") if "content-disposition" in headers else None
        return None if name is None else self._decode(name.strip())

    def _decode(self, text: bytes) -> str:
        try:
            return text.decode(self._encoding, "replace")
        except (LookupError, UnicodeError) as error:
            # "base64" is a codec as well, and "idna" one that replaces nothing.
            raise MultiPartParserError(f"charset {self._encoding!r}; expected an encoding of text") from error

    def _read_field(self, name: str, headers: PartHeaders, stream: LazyStream, tally: "_Tally") -> str:
        value = stream.read(tally.bytes_left)
        tally.count_bytes(len(value) + len(name) + 2)
        if _is_base64(headers):
            with contextlib.suppress(binascii.Error):  # else it only says so, and is taken as it came
                value = base64.b64decode(value)
        return self._decode(value)

    def _receive_file(self, name: str, headers: PartHeaders, stream: LazyStream, upload: "_Upload") -> None:
        given = self._decode(headers["content-disposition"][1]["filename"])
        file_name = self.sanitize_file_name(given)
        if not file_name:
            return
        chunks = _decode_base64(stream) if _is_base64(headers) else stream
        try:
            upload.begin(name, file_name, headers)
            for chunk in chunks:
                upload.feed(chunk)
        except SkipFile:
            self._close_files()
            upload.is_open = False

    def _keep_file(self, upload: "_Upload") -> None:
        file = upload.complete()
        if file:
            self._files.appendlist(upload.field_name, file)

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Return what is left of a file name that may not lead anywhere, None if that is nothing.

        Some browsers send whole paths, of either system; attackers send entities and control characters.
        """
        name = html.unescape(file_name)
        name = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
        name = "".join(filter(str.isprintable, name))
        return None if name in {"", ".", ".."} else name

    IE_sanitize = sanitize_file_name  # Django's older name

    def _close_files(self) -> None:
        """Let each handler close the file that it has open; an upload has failed."""
        for handler in self._upload_handlers:
            if hasattr(handler, "file"):
                handler.file.close()


class _Tally:
    """What was taken so far, against the limits."""

    def __init__(self) -> None:
        self.max_bytes: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self.max_fields: int | None = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        self.max_files: int | None = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        self.byte_count = self.field_count = self.file_count = 0

    def count(self, kind: str) -> None:
        """Count a part."""
        if kind is FILE:
            self.file_count += 1
            if self.max_files is not None and self.file_count > self.max_files:
                raise TooManyFilesSent("The number of files exceeded settings.DATA_UPLOAD_MAX_NUMBER_FILES.")
            return
        self.field_count += 1
        if self.max_fields is not None and self.field_count > self.max_fields + _UNTOLD_ENDS:
            raise TooManyFieldsSent(TOO_MANY_FIELDS)

    @property
    def bytes_left(self) -> int | None:
        """How long a field's value may be, None without a limit."""
        return None if self.max_bytes is None else self.max_bytes - self.byte_count

    def count_bytes(self, count: int) -> None:
        """Count bytes that are held in memory."""
        self.byte_count += count
        if self.max_bytes is not None and self.byte_count > self.max_bytes:
            raise RequestDataTooBig(TOO_MUCH_DATA)


class _Upload:
    """One file on its way through the handlers."""

    def __init__(self, handlers: Sequence[Any]) -> None:
        self._handlers = handlers
        self._counts: list[int] = []
        self.field_name = ""
        self.is_open = False

    def begin(self, field_name: str, file_name: str, headers: PartHeaders) -> None:
        """Tell the handlers of a new file."""
        content_type, extra = headers.get("content-type", ("", {}))
        arguments = (file_name, content_type.strip(), _stated_length(headers), extra.get("charset"), extra)
        self.field_name, self.is_open = field_name, True
        self._counts = [0] * len(self._handlers)
        for handler in self._handlers:
            try:
                handler.new_file(field_name, *arguments)
            except StopFutureHandlers:
                break

    def feed(self, chunk: bytes) -> None:
        """Pass a chunk down the handlers, each of which may change it, or keep it by returning None."""
        for index, handler in enumerate(self._handlers):
            size = len(chunk)
            chunk = handler.receive_data_chunk(chunk, self._counts[index])
            self._counts[index] += size
            if chunk is None:
                return

    def complete(self) -> Any:
        """Tell the handlers that the file is whole; the first that has one gives the file."""
        self.is_open = False
        for handler, count in zip(self._handlers, self._counts, strict=True):
            file = handler.file_complete(count)
            if file:
                return file
        return None

    def interrupt(self) -> None:
        """Tell the handlers that the file will not be whole."""
        self.is_open = False
        for handler in self._handlers:
            handler.upload_interrupted()


def find_boundary(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names; raises MultiPartParserError as the parser does."""
    if not content_type.startswith("multipart/"):
        raise MultiPartParserError(f"Invalid Content-Type: {content_type}")
    if not content_type.isascii():
        raise MultiPartParserError(f"Invalid non-ASCII Content-Type in multipart: {content_type}")
    boundary: str | None = parse_header_parameters(content_type)[1].get("boundary")
    if not boundary or not MultiPartParser.boundary_re.fullmatch(boundary):
        raise MultiPartParserError(f"Invalid boundary in multipart: {boundary}")
    return boundary.encode()


def _checked_length(meta: Mapping[str, Any]) -> int:
    length = stated_length(meta)
    if length < 0:
        raise MultiPartParserError(f"Invalid content length: {length!r}")
    return length


def _stated_length(headers: PartHeaders) -> int | None:
    try:
        return int(headers["content-length"][0])
    except (KeyError, ValueError):
        return None


def _is_base64(headers: PartHeaders) -> bool:
    return headers.get("content-transfer-encoding", ("",))[0].strip() == "base64"


def _decode_base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes that base64 stands for; white space may stand anywhere.

    Four characters make three bytes; what is left of a chunk waits for the next.
    """
    rest = b""
    for chunk in chunks:
        characters = rest + b"".join(chunk.split())
        whole = len(characters) // 4 * 4
        rest = characters[whole:]
        try:
            decoded = base64.b64decode(characters[:whole])
        except binascii.Error as error:
            raise MultiPartParserError(_BAD_BASE64) from error
        if decoded:
            yield decoded
    if rest:
        raise MultiPartParserError(_BAD_BASE64)


def _exhaust(chunks: Iterable[bytes]) -> None:
    """Read to the end, so that the client is not cut off while it sends."""
    deque(chunks, maxlen=0)
