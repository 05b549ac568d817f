"""Routes that begin with a parameter, told apart by what stands behind it.

    <slug:org>/          |
    <slug:org>/issues/   |  one fan: the path's next "/" ends the first parameter, whatever it holds; the
    <slug:org>/pulls/    |  text from there on chooses, through an index of its own, what is left to try
    <slug:org>/<int:n>/  |

Without it such routes would be tried one after the other: all of them stand under the same beginning.

In:     the table's entries in Django's order.
Out:    the entries, runs of such routes as one.
Never:  changes which route answers: a fan leaves out only what cannot match, and keeps the order.
Rules:  a run is unbroken: nothing that stands between two routes may be passed over.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final

from penstock.web.urls.prefix import PrefixIndex
from penstock.web.urls.table import Filed, Typed

if TYPE_CHECKING:
    from penstock.web.urls.match import ResolverMatch

# Below this, trying each in turn is as quick as asking the index.
MIN_ROUTES: Final = 6


class Fan:
    """A run of routes under one beginning that is followed by a parameter without slashes and by a slash."""

    __slots__ = ("_index", "_start")

    def __init__(self, start: int, routes: Iterable[Typed]) -> None:
        self._start = start
        self._index = PrefixIndex((route.behind, route) for route in routes)

    def match(self, path: str) -> "ResolverMatch | None":
        """Return what the first of the routes finds in `path`."""
        slash = path.find("/", self._start)
        if slash < 0:
            return None
        for route in self._index.find(path[slash:]):
            match = route.match(path)
            if match is not None:
                return match
        return None


def fanned(filed: Iterable[Filed], least: int = MIN_ROUTES) -> Iterator[Filed]:
    """Yield the entries; each run of at least `least` such routes becomes one."""
    for text, run in groupby(filed, key=_run_key):
        entries = list(run)
        if text is None or len(entries) < least:
            yield from entries
        else:
            routes = [each.entry for each in entries if isinstance(each.entry, Typed)]
            yield Filed(text, Fan(len(text), routes))


def _run_key(filed: Filed) -> str | None:
    """Return the beginning that a route of a run stands under, or None for any other entry."""
    return filed.text if isinstance(filed.entry, Typed) and filed.entry.behind else None
