"""The header fields of a request, as a mapping over its META.

In:     a WSGI environ.
Out:    values by field name: any case, "-" or "_".
Never:  copies the environ unless somebody iterates.

Rules:  PEP 3333 on HTTP_ variables; Django's HttpHeaders.

A look-up goes straight to the environ.  The first iteration takes a snapshot, which look-ups then share, so
that what was listed and what is found agree.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar, overload

from penstock.web.utils.datastructures import lowered

Default = TypeVar("Default")

_UNPREFIXED: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


@lru_cache(maxsize=512)
def variable_name(header: str) -> str:
    """Return the environ's name of a field: HTTP_USER_AGENT, CONTENT_TYPE."""
    name = header.replace("-", "_").upper()
    return name if name in _UNPREFIXED else f"HTTP_{name}"


def _folded(header: str) -> str:
    return header.replace("_", "-").lower()


class HttpHeaders(Mapping[str, str]):
    """A request's header fields."""

    HTTP_PREFIX = "HTTP_"
    UNPREFIXED_HEADERS = _UNPREFIXED

    __slots__ = ("_environ", "_snapshot")

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ
        self._snapshot: dict[str, tuple[str, Any]] | None = None

    def __getitem__(self, name: str) -> str:
        try:
            if self._snapshot is None:
                return self._environ[variable_name(name)]  # type: ignore[no-any-return]  # PEP 3333: text
            return self._snapshot[_folded(name)][1]  # type: ignore[no-any-return]  # likewise
        except KeyError:
            raise KeyError(name) from None

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...

    @overload
    def get(self, name: str, default: Default) -> str | Default: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, else `default`."""
        if self._snapshot is None:
            return self._environ.get(variable_name(name), default)
        pair = self._snapshot.get(_folded(name))
        return default if pair is None else pair[1]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if self._snapshot is None:
            return variable_name(name) in self._environ
        return _folded(name) in self._snapshot

    def _fields(self) -> dict[str, tuple[str, Any]]:
        """Return the snapshot, taken the first time."""
        if self._snapshot is None:
            named = ((self.parse_header_name(key), value) for key, value in self._environ.items())
            self._snapshot = {name.lower(): (name, value) for name, value in named if name}
        return self._snapshot

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._fields().values()])

    def __len__(self) -> int:
        return len(self._fields())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return lowered(self) == lowered(other)

    __hash__ = None  # type: ignore[assignment]  # compares by content

    def __repr__(self) -> str:
        return repr(dict(self._fields().values()))

    def copy(self) -> "HttpHeaders":
        """Return itself: it cannot be changed."""
        return self

    @classmethod
    def parse_header_name(cls, header: str) -> str | None:
        """Return the field name of an environ variable: User-Agent; None if it is no field."""
        is_prefixed = header.startswith(cls.HTTP_PREFIX)
        if not is_prefixed and header not in cls.UNPREFIXED_HEADERS:
            return None
        words = header.split("_")[is_prefixed:]
        return "-".join(words).title()

    @classmethod
    def to_wsgi_name(cls, header: str) -> str:
        """Return the WSGI variable of a field."""
        return variable_name(header)

    @classmethod
    def to_asgi_name(cls, header: str) -> str:
        """Return the name of a field as ASGI has it."""
        return header.replace("-", "_").upper()

    @classmethod
    def to_wsgi_names(cls, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Return a dict of fields under their WSGI variables."""
        return {variable_name(name): value for name, value in headers.items()}

    @classmethod
    def to_asgi_names(cls, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Return a dict of fields under their ASGI names."""
        return {cls.to_asgi_name(name): value for name, value in headers.items()}
