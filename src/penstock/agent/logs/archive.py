"""The rotated files of one log: their names, their compression, how long they stay.

    access.log                                 written now
    access.log.20261120T000000+0100.gz         rotated at that moment of the local clock; older lines only
    access.log.20261119T181502+0100.2          a second one of the same second, not compressed yet
    access.log.20261119T181502+0100.2.gz.part  being compressed; worth nothing without what follows

A name never changes, so nothing that was killed halfway leaves a gap or the same lines twice:

    1  the file is moved to its name
    2  its contents go to NAME.gz.part, and to the disk
    3  NAME.gz.part becomes NAME.gz
    4  NAME is removed

Killed in 2: the part is begun again. Killed before 4: NAME.gz is whole, so NAME goes.

In:     the path of a log, a folder.
Out:    files compressed and removed.
Never:  touches a file whose name is not one of these, or what is no file: reading a fifo waits for ever, and
        a link leads to what is another's; renames a rotated file (numbers that move on, .1 to .2, would be a
        chain of renames, and one of them the last).
"""

import calendar
import dataclasses
import errno
import gzip
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

_CHUNK_BYTES: Final = 1 << 18
_STAMP: Final = "%Y%m%dT%H%M%S%z"
_NAME: Final = re.compile(r"\.([0-9]{8}T[0-9]{6}[+-][0-9]{4})(?:\.([0-9]{1,6}))?(\.gz)?(\.part)?")
_LEVEL: Final = 6  # gzip's own default; 9 takes three times as long for 2 % less


class StoppedError(Exception):
    """The agent leaves; what was begun is begun again by the next one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Retention:
    """How many rotated files of one log stay; 0 = any number."""

    max_count: int = 0
    max_age_s: float = 0.0
    max_bytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Archived:
    """One rotated file; they sort by time."""

    rotated_s: float
    number: int
    path: Path = dataclasses.field(compare=False)
    is_compressed: bool = dataclasses.field(compare=False)


class Archive:
    """The rotated files of one log.

    Args:
        path: the log itself.
        retention: what stays.
        is_compressing: whether files are compressed.
        wall: seconds since the epoch.
    """

    def __init__(
        self,
        path: Path,
        retention: Retention,
        *,
        is_compressing: bool,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.is_compressing = is_compressing
        self._retention = retention
        self._wall = wall

    def new_path(self) -> Path:
        """Return a name that no file has, for the file that makes way now: it sorts behind the others."""
        stamp = time.strftime(_STAMP, time.localtime(self._wall()))
        numbers = [int(match[2] or 1) for _, match in self._files() if match[1] == stamp]
        suffix = f".{max(numbers) + 1}" if numbers else ""
        return self.path.with_name(f"{self.path.name}.{stamp}{suffix}")

    def entries(self) -> list[Archived]:
        """Return the rotated files, oldest first, each once; parts are none."""
        found: dict[str, Archived] = {}
        for path, match in self._files():
            stamp, number, suffix, part = match.groups()
            rotated_s = _stamp_s(stamp)
            if part or rotated_s is None:
                continue
            entry = Archived(rotated_s, int(number or 1), path, is_compressed=bool(suffix))
            key = path.name.removesuffix(".gz")
            if entry.is_compressed or key not in found:  # where both are, the compressed one is whole
                found[key] = entry
        return sorted(found.values())

    def mend(self) -> None:
        """Remove what a killed agent left halfway.

        Raises:
            OSError: a file cannot be removed.
        """
        names = {path.name for path, _ in self._files()}
        for name in names:
            if name.endswith(".part") or f"{name}.gz" in names:
                self.path.with_name(name).unlink(missing_ok=True)

    def uncompressed(self) -> list[Path]:
        """Return what is still to be compressed, oldest first."""
        if not self.is_compressing:
            return []
        return [entry.path for entry in self.entries() if not entry.is_compressed]

    def retire(self) -> list[Path]:
        """Remove what need not stay; the newest rotated file always does. Returns what was removed.

        Raises:
            OSError: a file cannot be removed.
        """
        limits = self._retention
        removed = []
        total_bytes = 0
        for count, entry in enumerate(reversed(self.entries()), 1):
            total_bytes += _size_bytes(entry.path)
            is_surplus = (
                (limits.max_count and count > limits.max_count)
                or (limits.max_bytes and total_bytes > limits.max_bytes)
                or (limits.max_age_s and self._wall() - entry.rotated_s > limits.max_age_s)
            )
            if is_surplus and count > 1:
                entry.path.unlink(missing_ok=True)
                removed.append(entry.path)
        return removed

    def _files(self) -> list[tuple[Path, re.Match[str]]]:
        name = self.path.name
        try:
            with os.scandir(self.path.parent) as entries:
                found = [entry for entry in entries if entry.name.startswith(name)]
        except OSError:  # the folder went; there is nothing to look after
            return []
        matches = [(entry, _NAME.fullmatch(entry.name, len(name))) for entry in found]
        return [
            (self.path.with_name(entry.name), match)
            for entry, match in matches
            if match and entry.is_file(follow_symlinks=False)
        ]


def compress(path: Path, is_stopping: Callable[[], bool]) -> None:
    """Put a compressed file in the place of a plain one; owner, permissions and time stay.

    Args:
        path: the plain one.
        is_stopping: asked before each chunk.

    Raises:
        StoppedError: it said yes; the plain file is as it was.
        OSError: a file cannot be read or written; the plain file is as it was.
    """
    part = path.with_name(f"{path.name}.gz.part")
    try:
        with _open_plain(path) as plain, _create_like(plain, part) as raw:
            status = os.fstat(plain.fileno())
            with gzip.GzipFile(path.name, "wb", _LEVEL, raw, mtime=status.st_mtime) as packed:
                for chunk in _chunks(plain, is_stopping):
                    packed.write(chunk)
            raw.flush()
            os.fsync(raw.fileno())
            os.utime(raw.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
    except (OSError, StoppedError):
        part.unlink(missing_ok=True)
        raise
    part.rename(path.with_name(f"{path.name}.gz"))
    _sync_folder(path.parent)
    path.unlink(missing_ok=True)


def _chunks(plain: IO[bytes], is_stopping: Callable[[], bool]) -> Iterator[bytes]:
    """Read a file through.

    Raises:
        StoppedError: the agent leaves.
    """
    while chunk := plain.read(_CHUNK_BYTES):
        if is_stopping():
            raise StoppedError
        yield chunk


def _open_plain(path: Path) -> IO[bytes]:
    """Open a file that is to be compressed; a link or a fifo that took its place is refused, not waited for.

    Raises:
        OSError: there is no such file.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    raise OSError(errno.EINVAL, f"{path.name} is no file")


def _create_like(plain: IO[bytes], part: Path) -> IO[bytes]:
    """Open a new file with the permissions of another, and its owner where we may."""
    status = os.fstat(plain.fileno())
    part.unlink(missing_ok=True)
    raw = part.open("xb")  # never through a link that somebody put there: it would be written with our rights
    os.fchmod(raw.fileno(), status.st_mode & 0o7777)
    if os.geteuid() == 0:
        os.fchown(raw.fileno(), status.st_uid, status.st_gid)
    return raw


def _sync_folder(folder: Path) -> None:
    """Let the new name reach the disk before the old one goes."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _stamp_s(stamp: str) -> float | None:
    try:
        parsed = time.strptime(stamp, _STAMP)
    except ValueError:
        return None
    return calendar.timegm(parsed) - (parsed.tm_gmtoff or 0)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # somebody else removed it
        return 0
