"""A cache in files of one folder, shared by the processes of a machine.

A file is the time at which it ends (a double, infinity for never) and the pickled value, compressed.

In:     values.
Out:    copies of them.
Never:  shows half a value: a file is written beside its place and moved there.

Rules:  Django's names and culling.  Who may write to the folder may run code as this process (pickle), so the
        folder is made for the owner alone.
"""

import contextlib
import hashlib
import os
import pickle
import random
import struct
import time
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Final

from penstock.web.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from penstock.web.core.files.replacement import replace_file

_HEAD: Final = struct.Struct("<d")  # the end, in seconds since the epoch
_SUFFIX: Final = ".cache"


class FileBasedCache(BaseCache):
    """LOCATION is the folder."""

    pickle_protocol = pickle.HIGHEST_PROTOCOL

    def __init__(self, dir: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._dir = Path(dir).absolute()

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value unless there is one; tell whether it was kept."""
        is_free = not self.has_key(key, version)
        if is_free:
            self.set(key, value, timeout, version)
        return is_free

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        """A copy of the value of a key, or the default."""
        with self._opened(key, version) as file:
            return default if file is None else pickle.loads(zlib.decompress(file.read()))  # noqa: S301 - ours

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Keep a copy of a value."""
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(key, version)
        self._cull()
        packed = zlib.compress(pickle.dumps(value, self.pickle_protocol))
        replace_file(path, self._head(timeout) + packed)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a key a new timeout; tell whether there was one."""
        with self._opened(key, version) as file:
            if file is None:
                return False
            os.pwrite(file.fileno(), self._head(timeout), 0)
            return True

    def delete(self, key: str, version: Any = None) -> bool:
        """Forget a key; tell whether there was one."""
        try:
            self._path(key, version).unlink()
        except FileNotFoundError:
            return False
        return True

    def has_key(self, key: str, version: Any = None) -> bool:
        """Tell whether a key has a value."""
        with self._opened(key, version) as file:
            return file is not None

    def clear(self) -> None:
        """Remove every file of a cache in the folder."""
        for path in self._files():
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _opened(self, key: str, version: Any) -> Any:
        """The file of a key, standing at the value; None if there is none or its time is over."""
        path = self._path(key, version)
        try:
            file = path.open("r+b")
        except FileNotFoundError:
            yield None
            return
        with file:
            yield file if self._is_living(file, path) else None

    def _is_living(self, file: BinaryIO, path: Path) -> bool:
        head = file.read(_HEAD.size)
        if len(head) == _HEAD.size and _HEAD.unpack(head)[0] > time.time():
            return True
        path.unlink(missing_ok=True)
        return False

    def _head(self, timeout: Any) -> bytes:
        ends_at = self.get_backend_timeout(timeout)
        return _HEAD.pack(float("inf") if ends_at is None else ends_at)

    def _path(self, key: str, version: Any) -> Path:
        made = self.make_and_validate_key(key, version=version)
        return self._dir / (hashlib.md5(made.encode(), usedforsecurity=False).hexdigest() + _SUFFIX)

    def _files(self) -> list[Path]:
        return list(self._dir.glob(f"*{_SUFFIX}"))

    def _cull(self) -> None:
        """Make room: one in CULL_FREQUENCY goes by chance; 0 drops all."""
        files = self._files()
        if len(files) < self._max_entries:
            return
        if self._cull_frequency == 0:
            self.clear()
            return
        for path in random.sample(files, len(files) // self._cull_frequency):
            path.unlink(missing_ok=True)
