"""Containers that a request needs and the standard library has not.

In:     mappings, sequences, pairs.
Out:    `MultiValueDict` (several values a key), `ImmutableList`, `OrderedSet`, `DictWrapper`,
        `CaseInsensitiveMapping`.
Never:  knows where its contents came from.

Rules:  Django's names and behaviour.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSet
from typing import Any, Generic, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OrderedSet(MutableSet[K]):
    """A set that remembers the order in which its members came."""

    def __init__(self, iterable: Iterable[K] | None = None) -> None:
        self.dict = dict.fromkeys(iterable or ())

    def add(self, value: K) -> None:
        """Add a member at the end, unless it is in already."""
        self.dict[value] = None

    def remove(self, value: K) -> None:
        """Remove a member.

        Raises:
            KeyError: it is not in.
        """
        del self.dict[value]

    def discard(self, value: K) -> None:
        """Remove a member if it is in."""
        self.dict.pop(value, None)

    def __contains__(self, value: object) -> bool:
        return value in self.dict

    def __iter__(self) -> Iterator[K]:
        return iter(self.dict)

    def __reversed__(self) -> Iterator[K]:
        return reversed(self.dict)

    def __len__(self) -> int:
        return len(self.dict)

    def __repr__(self) -> str:
        members = repr(list(self.dict)) if self.dict else ""
        return f"{type(self).__name__}({members})"


class MultiValueDictKeyError(KeyError):
    """A key that is not in a MultiValueDict."""


class MultiValueDict(dict[K, Any]):
    """A dict of lists that reads like a dict: `d[key]` is the last value, `d.getlist(key)` all of them.

    `d[key]` of a key whose list is empty is `[]`; `d.get(key)` of one is the default.
    """

    def __init__(self, key_to_list_mapping: Any = ()) -> None:
        super().__init__(key_to_list_mapping)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {super().__repr__()}>"

    def __getitem__(self, key: K) -> Any:
        """The last value of `key`.

        Raises:
            MultiValueDictKeyError: the key is not in.
        """
        try:
            values = dict.__getitem__(self, key)
        except KeyError:
            raise MultiValueDictKeyError(key) from None
        return values[-1] if values else []

    def __setitem__(self, key: K, value: Any) -> None:
        super().__setitem__(key, [value])

    def __copy__(self) -> Any:
        return type(self)([(key, values[:]) for key, values in self.lists()])

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = memo[id(self)] = type(self)()
        for key, values in dict.items(self):
            dict.__setitem__(made, copy.deepcopy(key, memo), copy.deepcopy(values, memo))
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_data": {key: self._getlist(key) for key in self}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, values in state.pop("_data", {}).items():
            self.setlist(key, values)
        self.__dict__.update(state)

    def get(self, key: K, default: Any = None) -> Any:
        """The last value of `key`, or `default` where there is none."""
        try:
            value = self[key]
        except KeyError:
            return default
        return default if value.__class__ is list and not value else value

    def _getlist(self, key: K, default: Any = None, *, force_list: bool = False) -> Any:
        """The list itself, not a copy, unless `force_list` asks for one."""
        try:
            values = super().__getitem__(key)
        except KeyError:
            return [] if default is None else default
        return list(values) if force_list and values is not None else values

    def getlist(self, key: K, default: Any = None) -> Any:
        """All values of `key`, in a list of their own; `default` or an empty list where the key is not in."""
        return self._getlist(key, default, force_list=True)

    def setlist(self, key: K, list_: list[Any]) -> None:
        """Replace all values of `key`; the list is kept, not copied."""
        super().__setitem__(key, list_)

    def setdefault(self, key: K, default: Any = None) -> Any:
        """The last value of `key`; one value, `default`, is put in where the key is not."""
        if key not in self:
            self[key] = default
        return self[key]

    def setlistdefault(self, key: K, default_list: list[Any] | None = None) -> Any:
        """The list of `key` itself; `default_list` is put in where the key is not."""
        if key not in self:
            self.setlist(key, [] if default_list is None else default_list)
        return self._getlist(key)

    def appendlist(self, key: K, value: Any) -> None:
        """Add a value of `key` behind those it has."""
        self.setlistdefault(key).append(value)

    def items(self) -> Any:
        """Pairs of key and last value."""
        for key in self:
            yield key, self[key]

    def lists(self) -> Any:
        """Pairs of key and list of values."""
        return iter(super().items())

    def values(self) -> Any:
        """The last value of each key."""
        for key in self:
            yield self[key]

    def copy(self) -> Any:
        """A copy whose lists are its own."""
        return copy.copy(self)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add to the values that are there, rather than replace them.

        Raises:
            TypeError: more than one mapping is given.
            ValueError: what is given is no mapping.
        """
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 argument, got {len(args)}")
        if args:
            self._add_all(args[0])
        self._add_all(kwargs)

    def _add_all(self, source: Any) -> None:
        if isinstance(source, MultiValueDict):
            for key, values in source.lists():
                self.setlistdefault(key).extend(values)
            return
        if isinstance(source, Mapping):
            source = source.items()
        for key, value in source:
            self.setlistdefault(key).append(value)

    def dict(self) -> dict[K, Any]:
        """A plain dict of key and last value."""
        return {key: self[key] for key in self}


class ImmutableList(tuple[V, ...]):  # noqa: SLOT001 - a tuple of any length cannot have slots
    """A tuple with a list's methods, each of which is refused with `warning`."""

    warning: str

    def __new__(
        cls, *args: Any, warning: str = "ImmutableList object is immutable.", **kwargs: Any
    ) -> "ImmutableList[V]":
        """Make one of what a tuple is made of; `warning` is the text of each refusal."""
        self = tuple.__new__(cls, *args, **kwargs)
        self.warning = warning
        return self

    def complain(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse a change.

        Raises:
            AttributeError: always, unless `warning` is itself an exception, which is then raised.
        """
        raise self.warning if isinstance(self.warning, Exception) else AttributeError(self.warning)

    append = extend = insert = pop = remove = sort = reverse = complain
    __delitem__ = __delslice__ = __setitem__ = __setslice__ = __iadd__ = __imul__ = complain


class DictWrapper(dict[str, V], Generic[V]):
    """A dict that hands values through `func` when their key is asked for with `prefix` before it."""

    def __init__(self, data: Any, func: Callable[[V], V], prefix: str) -> None:
        super().__init__(data)
        self.func = func
        self.prefix = prefix

    def __getitem__(self, key: str) -> V:
        if not key.startswith(self.prefix):
            return super().__getitem__(key)
        return self.func(super().__getitem__(key.removeprefix(self.prefix)))


class CaseInsensitiveMapping(Mapping[str, V]):
    """A mapping that does not change and does not care for the case of its keys; it shows them as they came.

    Raises:
        ValueError: an item is no pair, or a key no str.
    """

    def __init__(self, data: Any) -> None:
        self._store: dict[str, tuple[str, V]] = {key.lower(): (key, value) for key, value in _pairs(data)}

    def __getitem__(self, key: str) -> V:
        return self._store[key.lower()][1]

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._store.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and lowered(self) == lowered(other)

    def __hash__(self) -> int:
        return hash(frozenset(lowered(self).items()))

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def copy(self) -> "CaseInsensitiveMapping[V]":
        """Itself: it does not change."""
        return self


def _pairs(source: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(source, Mapping):
        yield from source.items()
        return
    for number, item in enumerate(source):
        if len(item) != 2:
            raise ValueError(f"item {number} of a mapping has {len(item)} parts; expected a key and a value")
        if not isinstance(item[0], str):
            raise ValueError(  # noqa: TRY004 - Django's choice
                f"key {item[0]!r} of a case-insensitive mapping; expected a str"
            )
        yield item[0], item[1]


def lowered(mapping: Mapping[Any, V]) -> dict[Any, V]:
    """A dict of the same values under keys in lower case: what two mappings without regard to case share."""
    return {key.lower() if isinstance(key, str) else key: value for key, value in mapping.items()}
