"""One group of exceptions: those of one type that arose in one place of one application.

In:     occurrences.
Out:    its identity; what changed since somebody last wrote it down; an example.
Never:  looks at a clock.
"""

import dataclasses
import hashlib

from penstock.agent.errors.stack import Origin


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One occurrence, as much of it as is known."""

    message: str
    trace: str
    logger: str
    pid: int
    slot: int = 0
    thread_name: str = ""
    request_id: str = ""
    request_line: str = ""
    trace_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be added to what is written down of a group.

    Attributes:
        id: of the group.
        application: whose it is, as the operator named it.
        origin: type and place.
        count: occurrences since the last change; 0 = only the example has changed.
        first_s: the first of them, monotonic seconds.
        last_s: the last of them.
        example: the last of them.
    """

    id: str
    application: str
    origin: Origin
    count: int
    first_s: float
    last_s: float
    example: Example


class Group:
    """Occurrences since the agent started, and those that nobody has written down yet.

    Attributes:
        count: since the agent started.
    """

    __slots__ = (
        "_example",
        "_first_s",
        "_is_changed",
        "_last_s",
        "_new_count",
        "application",
        "count",
        "id",
        "origin",
    )

    def __init__(self, application: str, origin: Origin) -> None:
        self.id = group_id(application, origin)
        self.application = application
        self.origin = origin
        self.count = 0
        self._example: Example | None = None
        self._is_changed = False
        self._new_count = 0
        self._first_s = self._last_s = 0.0

    def add(self, example: Example, now_s: float) -> None:
        """Count one more."""
        self.count += 1
        self._example = example
        self._is_changed = True
        if not self._new_count:
            self._first_s = now_s
        self._new_count += 1
        self._last_s = now_s

    def complete(self, request_id: str, request_line: str) -> None:
        """The example's request is known now, if it still is that one."""
        if self._example is not None and self._example.request_id == request_id:
            self._example = dataclasses.replace(self._example, request_line=request_line)
            self._is_changed = True

    def take_change(self) -> Change | None:
        """Return what is new since the last call; None = nothing."""
        if not self._is_changed or self._example is None:
            return None
        change = Change(
            id=self.id,
            application=self.application,
            origin=self.origin,
            count=self._new_count,
            first_s=self._first_s,
            last_s=self._last_s,
            example=self._example,
        )
        self._new_count = 0
        self._is_changed = False
        return change

    def give_back(self, change: Change) -> None:
        """It could not be written down: let it be part of the next change."""
        self._first_s = change.first_s
        self._new_count += change.count
        self._is_changed = True


def group_id(application: str, origin: Origin) -> str:
    """Return ten hexadecimal digits, the same wherever and whenever the same exception arises."""
    words = f"{application}\0{origin.kind}\0{origin.place}"
    return hashlib.blake2b(words.encode("utf-8", "backslashreplace"), digest_size=5).hexdigest()
