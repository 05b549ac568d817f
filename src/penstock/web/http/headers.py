"""The header fields of a response.

A value that carries a line break would end its field and begin one of the attacker's choice, so no name and
no value gets past this file unchecked; what is stored can be sent without another look.

In:     names and values as a program gives them: str, bytes, anything with str().
Out:    pairs of str that a WSGI server may send.
Never:  knows what a field means.

Rules:  RFC 9110 section 5; PEP 3333: values are latin-1; RFC 2047 for what latin-1 cannot say.

The store is a dict from the lower-case name to (name, value).  Setting a field again keeps its place and
takes the new spelling.  Responses share their store with the ResponseHeaders that they show.
"""

import base64
import sys
from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Self

from penstock.web.utils.datastructures import lowered

Store = dict[str, tuple[str, str]]


class BadHeaderError(ValueError):
    """A name or value with a line break: it would be sent as a field of its own."""


def set_field(store: Store, name: object, value: object) -> None:
    """Check one field and put it into a store.

    Raises:
        BadHeaderError: a CR or LF in the name or the value.
        UnicodeError: a name that is not ASCII.
    """
    # Nearly every field: two strings of printable ASCII need no further look.
    if (
        name.__class__ is str
        and value.__class__ is str
        and name.isascii()
        and name.isprintable()
        and value.isascii()
        and value.isprintable()
    ):
        store[name.lower()] = (name, value)
        return
    checked = check_name(name)
    store[checked.lower()] = (checked, check_value(value))


def check_name(name: object) -> str:
    """Return a field name as ASCII str; raises as `set_field` does."""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    _refuse_line_breaks(text, name)
    try:
        text.encode("ascii")
    except UnicodeError as error:
        error.reason += ", HTTP response headers must be in ascii format"  # type: ignore[attr-defined]  # has one
        raise
    return text


def check_value(value: object) -> str:
    """Return a field value as latin-1 str, MIME-encoded if need be; raises BadHeaderError."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    _refuse_line_breaks(text, value)
    try:
        text.encode("latin-1")
    except UnicodeError:
        from email.header import Header  # a large module for what hardly a field needs

        # No folding, whatever the length: a fold is a line break.
        encoded = Header(text, "utf-8", maxlinelen=sys.maxsize).encode()
        if "\n" not in encoded:
            return encoded
        # The standard library folds nevertheless at what Unicode calls the end of a line, U+2028 for one.
        return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
    return text


def _refuse_line_breaks(text: str, given: object) -> None:
    if "\n" in text or "\r" in text:
        raise BadHeaderError(f"Header values can't contain newlines (got {given!r})")


class ResponseHeaders(MutableMapping[str, str]):
    """A response's header fields: a mapping without regard to case, in the order of setting.

    `del` of a field that is not there is silent, as Django has it: middleware removes what may not be there.
    """

    __slots__ = ("_store",)

    def __init__(self, fields: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = ()) -> None:
        self._store: Store = {}
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        for name, value in pairs:
            set_field(self._store, name, value)

    @classmethod
    def over(cls, store: Store) -> Self:
        """Return headers that show, and change, an existing store."""
        headers = cls.__new__(cls)
        headers._store = store
        return headers

    def __getitem__(self, name: str) -> str:
        return self._store[name.lower()][1]

    def __setitem__(self, name: str | bytes, value: object) -> None:
        set_field(self._store, name, value)

    def __delitem__(self, name: str) -> None:
        self._store.pop(name.lower(), None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._store

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._store.values()])

    def __len__(self) -> int:
        return len(self._store)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return lowered(self) == lowered(other)

    __hash__ = None  # type: ignore[assignment]  # mutable: no dict may keep it as a key

    def __repr__(self) -> str:
        return repr(dict(self._store.values()))

    def __copy__(self) -> Self:
        return self.over(self._store.copy())

    copy = __copy__

    def items(self) -> ItemsView[str, str]:
        """Return (name, value) for each field."""
        return dict(self._store.values()).items()

    def setdefault(self, name: str, value: Any = None) -> Any:
        """Set a field unless it is there; return its value."""
        if name.lower() not in self._store:
            set_field(self._store, name, value)
        return self[name]

    def pop(self, name: str, default: Any = None) -> Any:
        """Remove a field and return its pair of name and value, else the default.

        The pair rather than the value, and never a KeyError: that is what programs written for Django expect.
        """
        return self._store.pop(name.lower(), default)
