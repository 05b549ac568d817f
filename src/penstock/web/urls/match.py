"""What resolving a path finds: the view, its arguments, and by which names it is known.

One is made for each request, so it is slotted and holds references alone; names are put together when
somebody asks for them, which most requests never do.

In:     what the route table or a pattern found.
Out:    `ResolverMatch`, as `request.resolver_match`.
Never:  calls the view.
Rules:  Django's attributes and its repr; not picklable, as Django's.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from penstock.web.urls.resolvers import URLResolver


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What one step of a route, from an include to the next, adds to the names of a match."""

    url_name: str | None
    app_names: tuple[str, ...]
    namespaces: tuple[str, ...]
    # The patterns, not their text: the text of a translated one depends on the language.
    patterns: tuple[object, ...]


def join_route(routes: Iterable[str]) -> str:
    """Return the routes as one; the `^` of an inner expression is dropped."""
    joined = ""
    for route in routes:
        joined += route.removeprefix("^") if joined else route
    return joined


def named_part(view: Any) -> Any:
    """Return what a view has its name from: its function, or its class."""
    view = getattr(view, "view_class", view)
    return view if hasattr(view, "__name__") else type(view)


def view_path(view: Any) -> str:
    """Return the dotted path by which a view without a name is known."""
    named = named_part(view)
    return f"{named.__module__}.{named.__name__}"


class ResolverMatch:
    """A view with the arguments that the path gives it; `func, args, kwargs = match` works too.

    Attributes:
        func: the view.
        args: positional arguments; empty if any argument has a name.
        kwargs: named arguments: captured, and those that routes and includes add.
        captured_kwargs: those from the view's own pattern.
        extra_kwargs: those from `path(..., kwargs)` and `include`.
    """

    __slots__ = (
        "_names",
        "_origin",
        "_path",
        "_tried",
        "args",
        "captured_kwargs",
        "extra_kwargs",
        "func",
        "kwargs",
    )

    def __init__(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        url_name: str | None = None,
        app_names: Iterable[str | None] | None = None,
        namespaces: Iterable[str | None] | None = None,
        route: str | None = None,
        tried: list[Any] | None = None,
        captured_kwargs: dict[str, Any] | None = None,
        extra_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.captured_kwargs = captured_kwargs
        self.extra_kwargs = extra_kwargs
        self._tried = tried
        self._origin: URLResolver | None = None
        self._path = ""
        self._names: tuple[Names, ...] = (
            Names(
                url_name,
                tuple(name for name in app_names or () if name),
                tuple(name for name in namespaces or () if name),
                () if route is None else (route,),
            ),
        )

    @property
    def url_name(self) -> str | None:
        """The `name` of the route."""
        return self._names[-1].url_name

    @property
    def app_names(self) -> list[str]:
        """The application namespaces, outermost first."""
        return [name for step in self._names for name in step.app_names]

    @property
    def app_name(self) -> str:
        """The application namespaces, joined by colons."""
        return ":".join(self.app_names)

    @property
    def namespaces(self) -> list[str]:
        """The instance namespaces, outermost first."""
        return [name for step in self._names for name in step.namespaces]

    @property
    def namespace(self) -> str:
        """The instance namespaces, joined by colons."""
        return ":".join(self.namespaces)

    @property
    def route(self) -> str | None:
        """The patterns of the path as one text, in today's language where they are translated."""
        patterns = [pattern for step in self._names for pattern in step.patterns]
        return join_route(map(str, patterns)) if patterns else None

    @property
    def view_name(self) -> str:
        """What `reverse` takes: the name, or the view's dotted path, with its namespaces."""
        return ":".join([*self.namespaces, self.url_name or self._func_path])

    @property
    def tried(self) -> list[Any] | None:
        """The chains of patterns that were held against the path, up to the one that matched."""
        if self._tried is None and self._origin is not None:
            self._tried = self._origin.resolve_plainly(self._path)[1]
        return self._tried

    @property
    def _func_path(self) -> str:
        return view_path(self.func)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.func, self.args, self.kwargs))

    def __getitem__(self, index: Any) -> Any:
        return (self.func, self.args, self.kwargs)[index]

    def __repr__(self) -> str:
        func = repr(self.func) if isinstance(self.func, functools.partial) else self._func_path
        shown = {
            "args": self.args,
            "kwargs": self.kwargs,
            "url_name": self.url_name,
            "app_names": self.app_names,
            "namespaces": self.namespaces,
            "route": self.route,
        }
        if self.captured_kwargs:
            shown |= {"captured_kwargs": self.captured_kwargs}
        if self.extra_kwargs:
            shown |= {"extra_kwargs": self.extra_kwargs}
        return (
            f"ResolverMatch(func={func}, "
            + ", ".join(f"{name}={value!r}" for name, value in shown.items())
            + ")"
        )

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        from pickle import PicklingError

        msg = f"Cannot pickle {type(self).__qualname__}."
        raise PicklingError(msg)


def found(
    func: Any,
    args: Any,
    kwargs: dict[str, Any],
    captured: dict[str, Any],
    extra: dict[str, Any],
    names: tuple[Names, ...],
) -> ResolverMatch:
    """Return a match as the table makes it: `ResolverMatch(...)` without the work on names that are known."""
    match = _new(ResolverMatch)
    match.func = func
    match.args = args
    match.kwargs = kwargs
    match.captured_kwargs = captured
    match.extra_kwargs = extra
    match._names = names
    match._tried = None
    match._origin = None
    return match


_new = ResolverMatch.__new__
