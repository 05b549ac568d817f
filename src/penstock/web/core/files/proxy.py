"""An object that stands for the file it holds.

In:     `self.file`.
Out:    the file's own methods, under the same names.
Never:  opens or closes anything by itself.
"""

import io
from collections.abc import Iterator
from typing import Any


class _Forward:
    """The attribute of `self.file` that has the same name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else getattr(instance.file, self._name)


class FileProxyMixin:
    """Gives a class the methods of the file in its attribute `file`."""

    file: Any

    encoding = _Forward()
    fileno = _Forward()
    flush = _Forward()
    isatty = _Forward()
    newlines = _Forward()
    read = _Forward()
    readinto = _Forward()
    readline = _Forward()
    readlines = _Forward()
    seek = _Forward()
    tell = _Forward()
    truncate = _Forward()
    write = _Forward()
    writelines = _Forward()

    @property
    def closed(self) -> bool:
        """Whether there is no file to read from any more."""
        return not self.file or self.file.closed

    def readable(self) -> bool:
        """Tell whether `read` works."""
        return not self.closed and _ask(self.file, "readable", default=True)

    def writable(self) -> bool:
        """Tell whether `write` works."""
        is_likely = "w" in getattr(self.file, "mode", "") or isinstance(self.file, io.IOBase)
        return not self.closed and _ask(self.file, "writable", default=is_likely)

    def seekable(self) -> bool:
        """Tell whether `seek` works."""
        return not self.closed and _ask(self.file, "seekable", default=True)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.file)


def _ask(file: Any, question: str, *, default: bool) -> bool:
    return bool(getattr(file, question)()) if hasattr(file, question) else default
