"""What a request carries after its head: a stream, or its bytes, or a form with files.

In:     the stream and META of a request.
Out:    `body`, `POST`, `FILES`; reading on one's own.
Never:  reads before somebody asks; holds more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes outside of files.

Rules:  Django's HttpRequest, which fixes what may follow what:

    first                   then body         then POST, FILES       then read
    nothing                 whole body        parsed                 from the start
    body                    the same          parsed from it         from the start
    read                    refused           empty                  goes on
    POST, urlencoded        whole body        the same               from the start
    POST, multipart         refused           the same               nothing is left
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.exceptions import BadRequest, RequestDataTooBig, TooManyFilesSent
from penstock.web.core.files.extent import bytes_left
from penstock.web.http.querydict import QueryDict
from penstock.web.utils.datastructures import ImmutableList, MultiValueDict

NOT_UTF_8 = "HTTP requests with the 'application/x-www-form-urlencoded' content type must be UTF-8 encoded."
TOO_MUCH_DATA = "Request body exceeded settings.DATA_UPLOAD_MAX_MEMORY_SIZE."


class UnreadablePostError(OSError):
    """The body cannot be read: the client went away, or sends too slowly for the server."""


class RawPostDataException(Exception):
    """The bytes of the body were asked for after somebody began to read them."""


class RequestBody:
    """The part of a request that holds its body; `_body`, `_post` and `_files` appear once they are made."""

    META: dict[str, Any]
    method: str | None
    content_type: str | None
    _encoding: str | None = None
    _read_started: bool = False
    _upload_handlers: Any = None
    _body: bytes
    _post: QueryDict
    _files: MultiValueDict[str]
    _stream: Any

    @property
    def encoding(self) -> str | None:
        """The encoding of form fields; None is DEFAULT_CHARSET.  Setting it drops what was parsed."""
        return self._encoding

    @encoding.setter
    def encoding(self, val: str | None) -> None:
        self._encoding = val
        self.__dict__.pop("GET", None)
        self.__dict__.pop("_post", None)

    # Bytes.

    @property
    def body(self) -> bytes:
        """The whole body.

        Raises:
            RawPostDataException: reading has begun.
            RequestDataTooBig: longer than DATA_UPLOAD_MAX_MEMORY_SIZE.
            UnreadablePostError: the stream fails.
            ValueError: Content-Length is no number.
        """
        if "_body" not in self.__dict__:
            if self._read_started:
                raise RawPostDataException("You cannot access body after reading from request's data stream")
            self._body = self._read_body(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            self._stream = io.BytesIO(self._body)
        return self._body

    def _read_body(self, limit: int | None) -> bytes:
        if limit is None:
            try:
                return self.read()
            finally:
                self._stream.close()
        # What is declared, and what is there already, need not be read to be refused.
        if max(int(self.META.get("CONTENT_LENGTH") or 0), bytes_left(self._stream) or 0) > limit:
            raise RequestDataTooBig(TOO_MUCH_DATA)
        try:
            body = self.read(limit + 1)
        finally:
            self._stream.close()
        if len(body) > limit:
            raise RequestDataTooBig(TOO_MUCH_DATA)
        return body

    def read(self, *args: int | None) -> bytes:
        """Read from the stream.

        Raises:
            UnreadablePostError: the stream fails.
        """
        return self._take(self._stream.read, args)

    def readline(self, *args: int | None) -> bytes:
        """Read a line from the stream; raises as `read` does."""
        return self._take(self._stream.readline, args)

    def readlines(self) -> list[bytes]:
        """Read all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _take(self, reader: Any, args: tuple[int | None, ...]) -> bytes:
        self._read_started = True
        try:
            return reader(*args)  # type: ignore[no-any-return]  # a stream of bytes
        except OSError as error:
            raise UnreadablePostError(*error.args) from error

    # Forms and files.

    @property
    def POST(self) -> QueryDict:
        """The fields of a form that came by POST; empty for anything else."""
        if "_post" not in self.__dict__:
            self._load_post_and_files()
        return self._post

    @POST.setter
    def POST(self, value: QueryDict) -> None:
        self._post = value

    @property
    def FILES(self) -> MultiValueDict[str]:
        """The files of a form that came by POST, by field name."""
        if "_files" not in self.__dict__:
            self._load_post_and_files()
        return self._files

    @FILES.setter
    def FILES(self, value: MultiValueDict[str]) -> None:
        self._files = value

    def _load_post_and_files(self) -> None:
        """Parse the body into `_post` and `_files`.

        Raises:
            BadRequest: urlencoded in another encoding than UTF-8.
            MultiPartParserError, TooManyFilesSent: POST and FILES are empty then, so that an error page may
                ask.
        """
        has_body = "_body" in self.__dict__
        if self.method != "POST" or (self._read_started and not has_body):
            self._mark_post_parse_error()
        elif self.content_type == "multipart/form-data":
            self._load_multipart(io.BytesIO(self._body) if has_body else self)
        elif self.content_type == "application/x-www-form-urlencoded":
            self._load_urlencoded()
        else:
            self._mark_post_parse_error()

    def _load_multipart(self, source: Any) -> None:
        from penstock.web.http.multipartparser import MultiPartParserError

        try:
            self._post, self._files = self.parse_file_upload(self.META, source)
        except (MultiPartParserError, TooManyFilesSent):
            self._mark_post_parse_error()
            raise

    def _load_urlencoded(self) -> None:
        # The URL standard knows no other encoding, and a charset parameter means nothing here.
        if self._encoding is not None and self._encoding.lower() != "utf-8":
            raise BadRequest(NOT_UTF_8)
        self._post = QueryDict(self.body, encoding="utf-8")
        self._files = MultiValueDict()

    def _mark_post_parse_error(self) -> None:
        """Leave POST and FILES empty."""
        self._post = QueryDict(encoding=self._encoding)
        self._files = MultiValueDict()

    @property
    def upload_handlers(self) -> Any:
        """What takes uploaded files; those of FILE_UPLOAD_HANDLERS unless set before FILES is used.

        Raises:
            AttributeError: set too late.
        """
        if not self._upload_handlers:
            from penstock.web.core.files.uploadhandler import load_handler

            self._upload_handlers = [load_handler(path, self) for path in settings.FILE_UPLOAD_HANDLERS]
        return self._upload_handlers

    @upload_handlers.setter
    def upload_handlers(self, upload_handlers: Iterable[Any]) -> None:
        if "_files" in self.__dict__:
            raise AttributeError("You cannot set the upload handlers after the upload has been processed.")
        self._upload_handlers = upload_handlers

    def parse_file_upload(self, META: dict[str, Any], post_data: Any) -> tuple[Any, Any]:  # noqa: N803 - Django's name
        """Parse a multipart body and return POST and FILES.

        Args:
            META: the request's.
            post_data: the stream.
        """
        from penstock.web.http.multipartparser import MultiPartParser

        self.upload_handlers = ImmutableList(
            self.upload_handlers,
            warning="You cannot alter upload handlers after the upload has been processed.",
        )
        parser = MultiPartParser(META, post_data, self.upload_handlers, self.encoding)
        return parser.parse()

    def close(self) -> None:
        """Close the uploaded files."""
        if "_files" in self.__dict__:
            close_files(self._files)


def stated_length(meta: Mapping[str, Any]) -> int:
    """Return CONTENT_LENGTH in bytes; 0 where it is missing or no number."""
    try:
        return int(meta.get("CONTENT_LENGTH") or 0)
    except (TypeError, ValueError):
        return 0


def close_files(files: MultiValueDict[str]) -> None:
    """Close all files of a form."""
    for _, uploads in files.lists():
        for upload in uploads:
            upload.close()
