"""What every mail backend can do.

In:     messages.
Out:    how many were sent.
Never:  sends: a subclass says how.
"""

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self


class BaseEmailBackend:
    """Opens, sends, closes."""

    def __init__(self, fail_silently: bool = False, **_options: Any) -> None:
        self.fail_silently = fail_silently

    def open(self) -> bool | None:
        """Open a connection; tell whether this call did."""

    def close(self) -> None:
        """Close it."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self.open()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send_messages(self, email_messages: Sequence[Any]) -> int | None:
        """Send messages; return how many."""
        raise NotImplementedError(f"{type(self).__name__} has no send_messages()")
