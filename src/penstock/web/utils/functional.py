"""Values that are worked out later, and once.

In:     functions, and the classes of what they return.
Out:    `cached_property`, `classproperty`, `lazy` and what keeps it lazy, `LazyObject`, `SimpleLazyObject`.
Never:  evaluates before somebody needs the value.

Rules:  Django's names and behaviour.  A lazy value (`lazy`) is worked out anew at each use, since it may
        depend on the thread; a lazy object (`LazyObject`) is made once.
"""

import copy
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, Generic, TypeVar, overload

T = TypeVar("T")
S = TypeVar("S")


class cached_property(Generic[T]):
    """A method that is called once per instance; its value then stands in the instance's `__dict__`.

    Without the lock that `functools.cached_property` had until 3.12: two threads may both work a value out.

    Raises:
        TypeError: the same cached_property stands in a class under two names.
    """

    name: str | None = None

    def __init__(self, func: Callable[[Any], T]) -> None:
        self.func = func
        self.__doc__ = func.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name not in (None, name):
            raise TypeError(
                f"cached_property {self.name!r} cannot be {name!r} as well: its value has one place"
            )
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "cached_property[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Work the value out; a second read finds it in the instance and does not come here."""
        if instance is None:
            return self
        if self.name is None:
            raise TypeError("cached_property has no name; expected it to stand in a class body")
        value = self.func(instance)
        # As an assignment: asking for `__dict__` would make a dict of what the instance keeps without one.
        object.__setattr__(instance, self.name, value)
        return value


class classproperty(Generic[T]):
    """A property of the class: `Class.name` and `instance.name` both call the function with the class."""

    def __init__(self, method: Callable[[Any], T] | None = None) -> None:
        self.fget = method

    def __get__(self, instance: object, cls: type) -> T:
        if self.fget is None:
            raise AttributeError("classproperty has no getter")
        return self.fget(cls)

    def getter(self, method: Callable[[Any], T]) -> "classproperty[T]":
        """Set the function, as `property.getter` does."""
        self.fget = method
        return self


# -- lazy values ---------------------------------------------------------------------------------------------


class Promise:
    """The base of all lazy values: what `isinstance` asks for."""

    _function: Callable[..., Any]
    _arguments: tuple[Any, ...]
    _keywords: dict[str, Any]
    _classes: ClassVar[tuple[type, ...]] = ()

    def _now(self) -> Any:
        """Work the value out."""
        return self._function(*self._arguments, **self._keywords)

    def __reduce__(self) -> tuple[Any, ...]:
        return _lazy_again, (self._function, self._arguments, self._keywords, *self._classes)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Promise":
        memo[id(self)] = self  # nothing in it ever changes
        return self

    def __repr__(self) -> str:
        return repr(self._now())

    def __str__(self) -> str:
        return str(self._now())

    def __eq__(self, other: object) -> bool:
        return bool(self._now() == _evaluated(other))

    def __lt__(self, other: Any) -> bool:
        return bool(self._now() < _evaluated(other))

    def __hash__(self) -> int:
        return hash(self._now())

    def __add__(self, other: Any) -> Any:
        return self._now() + _evaluated(other)

    def __radd__(self, other: Any) -> Any:
        return other + self._now()

    def __mod__(self, other: Any) -> Any:
        return self._now() % _evaluated(other)

    def __format__(self, spec: str) -> str:
        return format(self._now(), spec)


# What makes an object an object is the proxy's own, whatever the class of its value says.
_OWN_METHODS: Final = frozenset(dir(Promise)) - {"__gt__", "__ge__", "__le__"} | {
    "__class__", "__getattribute__", "__getnewargs__", "__getstate__", "__setattr__",
    "__slots__", "__weakref__",
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def _promise_class(classes: tuple[type, ...]) -> type[Promise]:
    """A class with every method of `classes`, each of which works the value out first."""
    names = {name for each in classes for name in dir(each) if callable(getattr(each, name, None))}
    methods: dict[str, Any] = {name: _forward(name) for name in sorted(names - _OWN_METHODS)}
    return type("Promise", (Promise,), {**methods, "_classes": classes})


def _forward(name: str) -> Callable[..., Any]:
    def method(self: Promise, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._now(), name)(*map(_evaluated, args), **kwargs)

    method.__name__ = name
    return method


def _evaluated(value: Any) -> Any:
    return value._now() if isinstance(value, Promise) else value


def _lazy_again(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *classes: type
) -> Any:
    """Make a lazy value anew: what pickling one needs."""
    return lazy(function, *classes)(*args, **kwargs)


def lazy(func: Callable[..., T], *resultclasses: type) -> Callable[..., Any]:
    """Give a function whose result is worked out at each use.

    Args:
        func: called with the arguments each time somebody needs the value.
        resultclasses: what it returns; the lazy value has all their methods.
    """
    promise_class = _promise_class(resultclasses)

    @functools.wraps(func)
    def promise(*args: Any, **kwargs: Any) -> Any:
        made = object.__new__(promise_class)
        made._function, made._arguments, made._keywords = func, args, kwargs
        return made

    return promise


def lazystr(text: Any) -> Any:
    """Give `str(text)`, worked out when it is needed."""
    return lazy(str, str)(text)


def keep_lazy(*resultclasses: type) -> Callable[[Callable[..., T]], Callable[..., Any]]:
    """Decorate a function: called with a lazy argument, its result is lazy too.

    Raises:
        TypeError: no class of the result is given.
    """
    if not resultclasses:
        raise TypeError("keep_lazy() without a class; expected those of the result")

    def decorate(func: Callable[..., T]) -> Callable[..., Any]:
        later = lazy(func, *resultclasses)

        @functools.wraps(func)
        def now_or_later(*args: Any, **kwargs: Any) -> Any:
            is_lazy = any(isinstance(each, Promise) for each in (*args, *kwargs.values()))
            return (later if is_lazy else func)(*args, **kwargs)

        return now_or_later

    return decorate


def keep_lazy_text(func: Callable[..., str]) -> Callable[..., Any]:
    """Decorate a function of text: called with a lazy argument, its result is lazy too."""
    return keep_lazy(str)(func)


# -- lazy objects --------------------------------------------------------------------------------------------

empty: Final[Any] = object()


def new_method_proxy(func: Callable[..., T]) -> Callable[..., T]:
    """A method that makes the wrapped object, if need be, and calls `func` with it."""

    def method(self: Any, *args: Any) -> T:
        if self._wrapped is empty:
            self._setup()
        return func(self._wrapped, *args)

    return method


class LazyObject:
    """An object that is made at its first use; a subclass says how in `_setup`, which sets `_wrapped`."""

    _wrapped: Any = empty  # for subclasses whose __init__ does not call this one's

    def __init__(self) -> None:
        self._wrapped = empty

    def _setup(self) -> None:
        """Make the object and put it into `self._wrapped`.

        Raises:
            NotImplementedError: the subclass does not say how.
        """
        raise NotImplementedError(f"{type(self).__name__} has no _setup(); expected one that sets _wrapped")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_wrapped":
            self.__dict__["_wrapped"] = value
        else:
            setattr(self._made(), name, value)

    def __delattr__(self, name: str) -> None:
        if name == "_wrapped":
            raise TypeError("a lazy object cannot lose the object behind it")
        delattr(self._made(), name)

    def _made(self) -> Any:
        if self._wrapped is empty:
            self._setup()
        return self._wrapped

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self._made(),)

    def __copy__(self) -> Any:
        return type(self)() if self._wrapped is empty else copy.copy(self._wrapped)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._wrapped is empty:
            made = memo[id(self)] = type(self)()
            return made
        return copy.deepcopy(self._wrapped, memo)

    # `__class__` too, so that isinstance() asks the object behind.
    __class__ = property(new_method_proxy(operator.attrgetter("__class__")))
    __getattr__ = new_method_proxy(getattr)
    __dir__ = new_method_proxy(dir)
    __bytes__ = new_method_proxy(bytes)
    __str__ = new_method_proxy(str)
    __bool__ = new_method_proxy(bool)
    __hash__ = new_method_proxy(hash)
    __eq__ = new_method_proxy(operator.eq)
    __ne__ = new_method_proxy(operator.ne)
    __lt__ = new_method_proxy(operator.lt)
    __gt__ = new_method_proxy(operator.gt)
    __len__ = new_method_proxy(len)
    __iter__ = new_method_proxy(iter)
    __getitem__ = new_method_proxy(operator.getitem)
    __setitem__ = new_method_proxy(operator.setitem)
    __delitem__ = new_method_proxy(operator.delitem)
    __contains__ = new_method_proxy(operator.contains)


class SimpleLazyObject(LazyObject):
    """An object that a function makes at the first use."""

    _setupfunc: Callable[[], Any]

    def __init__(self, func: Callable[[], Any]) -> None:
        super().__init__()
        self.__dict__["_setupfunc"] = func

    def _setup(self) -> None:
        self._wrapped = self._setupfunc()

    def __repr__(self) -> str:
        inside = self._setupfunc if self._wrapped is empty else self._wrapped
        return f"<{type(self).__name__}: {inside!r}>"

    def __copy__(self) -> Any:
        return SimpleLazyObject(self._setupfunc) if self._wrapped is empty else copy.copy(self._wrapped)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._wrapped is empty:
            made = memo[id(self)] = SimpleLazyObject(self._setupfunc)
            return made
        return copy.deepcopy(self._wrapped, memo)

    __add__ = new_method_proxy(operator.add)

    @new_method_proxy
    def __radd__(self, other: Any) -> Any:
        return other + self


def _itself(value: T) -> T:
    """Unpickle a lazy object as the object that it had become."""
    return value


def partition(predicate: Callable[[S], Any], values: Iterable[S]) -> tuple[list[S], list[S]]:
    """Split into those for which the predicate is false and those for which it is true."""
    halves: tuple[list[S], list[S]] = ([], [])
    for value in values:
        halves[bool(predicate(value))].append(value)
    return halves
