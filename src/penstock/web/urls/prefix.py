"""Which of many texts a path begins with, found in steps that depend on the path, not on their number.

A radix tree: each node stands for a beginning, its children differ in the next character.  A node holds
everything that was filed under its own beginning *or a shorter one*, in order, so that the walk ends with
one look.

                 ""  (c)
                 |  "/"
             "/"  (b, c)
      "items/" |   | "users/"
   (a, b, c)            (b, c, d)

In:     pairs of a beginning and a thing, in their order.
Out:    for a path, the things whose beginnings it has, in that order.
Never:  knows what the things are.
Rules:  O(length of the path); memory is the sum over the nodes of what applies there.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    """A beginning: `label` are the characters since its parent, `end` how long it is as a whole."""

    __slots__ = ("children", "end", "found", "label", "own")

    def __init__(self, label: str, end: int) -> None:
        self.label = label
        self.end = end
        self.children: dict[str, _Node[T]] = {}
        self.own: list[tuple[int, T]] = []
        self.found: tuple[T, ...] = ()


class PrefixIndex(Generic[T]):
    """Things filed under the beginning that a path must have; built once, read by all threads."""

    __slots__ = ("_after_segment", "_root")

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        self._root: _Node[T] = _Node("", 0)
        segments: set[str] = set()
        for order, (beginning, thing) in enumerate(pairs):
            _node_for(self._root, beginning).own.append((order, thing))
            segments.add(_first_segment(beginning))
        _merge(self._root, [])
        # Where the walk stands behind each first segment: most paths need not begin at the root.
        self._after_segment = {segment: self._walk(self._root, segment) for segment in segments}

    def find(self, path: str) -> Sequence[T]:
        """Return all things whose beginning `path` has, in the order in which they were given."""
        start = self._after_segment.get(path[: path.find("/") + 1], self._root)
        return (self._walk(start, path) if start.children else start).found

    @staticmethod
    def _walk(node: _Node[T], path: str) -> _Node[T]:
        """Return the node of the longest beginning of `path` that is `node`'s or below it."""
        while True:
            end = node.end
            child = node.children.get(path[end : end + 1])
            if child is None or not path.startswith(child.label, end):
                return node
            node = child


def _first_segment(path: str) -> str:
    """Return the path up to its first slash, which it includes; without one there is no segment."""
    return path[: path.find("/") + 1]


def _node_for(root: _Node[T], beginning: str) -> _Node[T]:
    """Return the node of `beginning`; make it, and split a longer one, if it is not there."""
    node = root
    while node.end < len(beginning):
        rest = beginning[node.end :]
        child = node.children.get(rest[0])
        if child is None:
            child = node.children[rest[0]] = _Node(rest, len(beginning))
        elif not rest.startswith(child.label):
            child = _split(node, child, rest)
        node = child
    return node


def _split(parent: _Node[T], child: _Node[T], rest: str) -> _Node[T]:
    """Put a node between `parent` and `child` for the characters that `child.label` and `rest` share."""
    shared = 1
    while shared < min(len(rest), len(child.label)) and rest[shared] == child.label[shared]:
        shared += 1
    middle: _Node[T] = _Node(child.label[:shared], parent.end + shared)
    parent.children[rest[0]] = middle
    child.label = child.label[shared:]
    middle.children[child.label[0]] = child
    return middle


def _merge(root: _Node[T], inherited: list[tuple[int, T]]) -> None:
    """Give each node what applies to it; with a stack of its own: a route may be deeper than Python's."""
    waiting = [(root, inherited)]
    while waiting:
        node, above = waiting.pop()
        applies = sorted(above + node.own, key=lambda pair: pair[0]) if node.own else above
        node.found = tuple(thing for _, thing in applies)
        waiting.extend((child, applies) for child in node.children.values())
