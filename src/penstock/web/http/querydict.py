"""Form fields: a query string, or an urlencoded body, as a dictionary of lists.

In:     the part after "?", or a body of that form.
Out:    a MultiValueDict that refuses changes.
Never:  takes more than DATA_UPLOAD_MAX_NUMBER_FIELDS fields.

Rules:  the URL standard's application/x-www-form-urlencoded; Django's QueryDict.

The limit is counted before anything is split.  Most query strings are empty, and most others hold neither
"%" nor "+" and need no decoding: both take a short way.
"""

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, overload
from urllib.parse import quote, unquote_plus, urlencode

from penstock.web.conf import settings
from penstock.web.core.exceptions import TooManyFieldsSent
from penstock.web.utils.datastructures import MultiValueDict

TOO_MANY_FIELDS = "The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS."

Default = TypeVar("Default")

# dict's own: they see the lists, where those of the class see one value.
_list_of: Final = dict.__getitem__
_put_list: Final = dict.__setitem__
_find_list: Final = dict.get


class QueryDict(MultiValueDict[str]):
    """Fields by name, each with all its values; `[]` gives the last.

    Args:
        query_string: str, or bytes in `encoding` (else latin-1).
        mutable: changes are allowed; copies always allow them.
        encoding: of what "%" escapes; default: DEFAULT_CHARSET.

    Raises:
        TooManyFieldsSent: more than DATA_UPLOAD_MAX_NUMBER_FIELDS.
        LookupError: no such encoding, and it is needed.
    """

    # In the class as well: unpickling sets items before it restores attributes.
    _mutable = True
    _encoding: str | None = None

    def __init__(
        self,
        query_string: str | bytes | None = None,
        mutable: bool = False,
        encoding: str | None = None,
    ) -> None:
        if encoding:
            self._encoding = encoding
        if query_string:
            self._fill(query_string)
        self._mutable = mutable

    def _fill(self, query_string: str | bytes) -> None:
        text: str = query_string if isinstance(query_string, str) else self._decode(query_string)
        limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        if limit is not None and text.count("&") >= limit:  # before any field is taken apart
            raise TooManyFieldsSent(TOO_MANY_FIELDS)
        is_escaped = "%" in text or "+" in text
        encoding = self.encoding if is_escaped else ""
        for field in text.split("&"):
            if not field:
                continue
            name, _, value = field.partition("=")
            if is_escaped:
                name = unquote_plus(name, encoding, "replace")
                value = unquote_plus(value, encoding, "replace")
            if name in self:
                _list_of(self, name).append(value)
            else:
                _put_list(self, name, [value])

    def _decode(self, query_string: bytes) -> str:
        try:
            return query_string.decode(self.encoding)
        except UnicodeDecodeError:
            return query_string.decode("latin-1")

    @classmethod
    def fromkeys(  # type: ignore[override]  # Django's signature
        cls,
        iterable: Iterable[Any],
        value: Any = "",
        mutable: bool = False,
        encoding: str | None = None,
    ) -> Self:
        """Return fields of these names, all with one value; a name given twice has it twice."""
        fields = cls("", mutable=True, encoding=encoding)
        for key in iterable:
            fields.appendlist(key, value)
        fields._mutable = mutable
        return fields

    @property
    def encoding(self) -> str:
        """The encoding of names and values outside ASCII."""
        return self._encoding or settings.DEFAULT_CHARSET

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    def _check_mutable(self) -> None:
        if not self._mutable:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise AttributeError("This QueryDict instance is immutable")

    def _to_text(self, value: Any) -> Any:
        return value.decode(self.encoding, "replace") if isinstance(value, bytes) else value

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check_mutable()
        super().__setitem__(self._to_text(key), self._to_text(value))

    def __delitem__(self, key: Any) -> None:
        self._check_mutable()
        super().__delitem__(key)

    def __copy__(self) -> Self:
        return self._duplicate(lambda value: value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        duplicate = self._duplicate(lambda value: copy.deepcopy(value, memo))
        memo[id(self)] = duplicate
        return duplicate

    def _duplicate(self, convert: Any) -> Self:
        duplicate = type(self)("", mutable=True, encoding=self._encoding)
        for key, values in self.lists():
            duplicate.setlist(convert(key), convert(values))
        return duplicate

    if TYPE_CHECKING:  # what MultiValueDict does, for values that are text

        def __getitem__(self, key: Any) -> str: ...

        def getlist(self, key: Any, default: Any = None) -> list[str]:
            """All values of a name."""

    @overload
    def get(self, key: Any, default: None = None) -> str | None: ...

    @overload
    def get(self, key: Any, default: Default) -> str | Default: ...

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the last value of a name; `default` where there is none."""
        values = _find_list(self, key)
        return values[-1] if values else default

    def setlist(self, key: Any, list_: Iterable[Any]) -> None:
        """Replace all values of a name."""
        self._check_mutable()
        super().setlist(self._to_text(key), [self._to_text(value) for value in list_])

    def setlistdefault(self, key: Any, default_list: list[Any] | None = None) -> Any:
        """Set the values of a name unless it is there; return them."""
        self._check_mutable()
        return super().setlistdefault(key, default_list)

    def appendlist(self, key: Any, value: Any) -> None:
        """Add a value to a name."""
        self._check_mutable()
        super().appendlist(self._to_text(key), self._to_text(value))

    def pop(self, key: Any, *args: Any) -> Any:
        """Remove a name and return all its values."""
        self._check_mutable()
        return super().pop(key, *args)

    def popitem(self) -> tuple[Any, Any]:
        """Remove a name and return it with all its values."""
        self._check_mutable()
        return super().popitem()

    def clear(self) -> None:
        """Remove everything."""
        self._check_mutable()
        super().clear()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Set a value unless the name is there; return the last value."""
        self._check_mutable()
        return super().setdefault(self._to_text(key), self._to_text(default))

    def copy(self) -> Self:
        """Return a deep copy that may be changed."""
        return self.__deepcopy__({})

    def urlencode(self, safe: str | None = None) -> str:
        """Return the fields as a query string.

        Args:
            safe: characters of values that are left as they are, beside those that always are.
        """
        parts = []
        for name, values in self.lists():
            for value in values:
                pair = self._encode(name), self._encode(value)
                parts.append("=".join(quote(piece, safe) for piece in pair) if safe else urlencode([pair]))
        return "&".join(parts)

    def _encode(self, value: Any) -> bytes:
        return str(value).encode(self.encoding)
