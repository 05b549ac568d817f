"""The shared memory itself: made by the master, mapped by workers, agent and `penstock status`.

An anonymous file (memfd) named `penstock`, so that /proc/PID/fd shows it and nothing stands on disk. It is
sealed against growing, shrinking and unsealing: whoever maps it can be lied to by what stands in it, but
never killed by SIGBUS because it became shorter.

In:     sizes, or a descriptor that someone else opened.
Out:    `memory` (bytes) and `words` (8-byte words) over one mapping, the eventfd that wakes the agent, and
        the pipe through which a process shows its stacks (stack.py).
Never:  interprets records or counts; keeps a page that nobody touched.

Rules:  memfd_create(2), fcntl(2) F_ADD_SEALS, eventfd(2).
"""

import fcntl
import mmap
import os
import time
from typing import Final, Self

from penstock.telemetry.memory import layout
from penstock.telemetry.memory.layout import Layout

SEGMENT_NAME: Final = "penstock"
_MAX_WORD: Final = (1 << 64) - 1

# fcntl(2); the names exist in Python's fcntl, the values are Linux's
_SEALS: Final = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class SegmentError(Exception):
    """A descriptor is not a segment of this version of Penstock."""


class Segment:
    """One mapping. Where it was attached by descriptor only, `wake_fd` is -1 and `stack_fds` is empty."""

    __slots__ = ("fd", "layout", "memory", "stack_fds", "wake_fd", "words")

    fd: int
    layout: Layout
    memory: memoryview
    words: memoryview
    wake_fd: int
    stack_fds: tuple[int, ...]  # of the pipe: to read, to write

    def __init__(
        self, mapping: mmap.mmap, plan: Layout, fd: int, wake_fd: int, stack_fds: tuple[int, ...] = ()
    ) -> None:
        self.fd = fd
        self.stack_fds = stack_fds
        self.layout = plan
        self.memory = memoryview(mapping)
        self.words = self.memory.cast("Q")
        self.wake_fd = wake_fd

    @classmethod
    def create(cls, slots: int, threads: int, ring_bytes: int) -> Self:
        """Make, seal and map a segment; descriptors are close-on-exec and survive fork.

        Args:
            slots: 1 for the master + the most workers that may ever live at once.
            threads: thread lines of each slot (all threads that may run the application).
            ring_bytes: size of each of the two rings of a slot.

        Raises:
            ValueError: a size is out of range.
            OSError: the kernel has no memory or no memfd.
        """
        plan = Layout(slots, threads, ring_bytes)
        fds = [fd := _above_standard(os.memfd_create(SEGMENT_NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))]
        try:
            os.ftruncate(fd, plan.total_bytes)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            mapping = _map(fd, plan, writable=True)
            fds.append(wake_fd := _above_standard(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)))
            stack_fds = tuple(map(_above_standard, os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)))
        except OSError:
            for opened in fds:
                os.close(opened)
            raise
        segment = cls(mapping, plan, fd, wake_fd, stack_fds)
        words = segment.words
        words[layout.VERSION_WORD] = layout.VERSION
        words[layout.SLOTS_WORD] = slots
        words[layout.THREADS_WORD] = threads
        words[layout.RING_BYTES_WORD] = ring_bytes
        words[layout.CREATED_NS_WORD] = time.monotonic_ns()
        words[layout.MASTER_PID_WORD] = os.getpid()
        words[layout.MAGIC_WORD] = layout.MAGIC
        return segment

    @classmethod
    def attach(cls, fd: int, *, writable: bool, wake_fd: int = -1) -> Self:
        """Map a segment that another process made; `fd` belongs to the segment from now on.

        Raises:
            SegmentError: not sealed, not ours, another version, or sizes that do not fit.
            OSError: the descriptor cannot be read or mapped.
        """
        plan = read_layout(fd)
        return cls(_map(fd, plan, writable=writable), plan, fd, wake_fd)

    @classmethod
    def scratch(cls, threads: int, ring_bytes: int) -> Self:
        """One slot of private memory that nobody reads: for a forked child, and wherever no agent runs."""
        plan = Layout(1, threads, ring_bytes)
        return cls(mmap.mmap(-1, plan.total_bytes, flags=mmap.MAP_PRIVATE), plan, -1, -1)

    def close(self) -> None:
        """Unmap and close. The views that others took of `memory` keep the mapping until they go."""
        self.words.release()
        self.memory.release()
        for fd in (self.fd, self.wake_fd, *self.stack_fds):
            if fd >= 0:
                os.close(fd)


def add_to(words: memoryview, word: int, count: int) -> None:
    """Add to a word, beyond 64 bits from 0 again: it never raises, whatever another process wrote there."""
    words[word] = (words[word] + count) & _MAX_WORD


def _above_standard(fd: int) -> int:
    """Move a descriptor off 0, 1 and 2, which it gets where those were closed: logs would go into memory."""
    if fd > 2:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


def _map(fd: int, plan: Layout, *, writable: bool) -> mmap.mmap:
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    return mmap.mmap(fd, plan.total_bytes, flags=mmap.MAP_SHARED, prot=protection)


def read_layout(fd: int) -> Layout:
    """Sizes of the segment behind a descriptor, without mapping it.

    Raises:
        SegmentError: not sealed, not ours, another version, or sizes that do not fit the file.
        OSError: the descriptor cannot be read.
    """
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError as error:
        raise SegmentError(f"descriptor {fd} has no seals; expected a memory file") from error
    if seals & _SEALS != _SEALS:
        raise SegmentError(f"descriptor {fd} has seals {seals:#x}; expected {_SEALS:#x}")
    page = memoryview(os.pread(fd, layout.PAGE_BYTES, 0).ljust(layout.PAGE_BYTES, b"\0")).cast("Q")
    if page[layout.MAGIC_WORD] != layout.MAGIC:
        raise SegmentError(f"descriptor {fd} begins with {page[0]:#x}; expected {layout.MAGIC:#x}")
    if page[layout.VERSION_WORD] != layout.VERSION:
        raise SegmentError(f"segment version {page[layout.VERSION_WORD]}; expected {layout.VERSION}")
    try:
        plan = Layout(page[layout.SLOTS_WORD], page[layout.THREADS_WORD], page[layout.RING_BYTES_WORD])
    except ValueError as error:
        raise SegmentError(f"segment with {error}") from error
    size = os.fstat(fd).st_size
    if size != plan.total_bytes:
        raise SegmentError(f"segment of {size} bytes; expected {plan.total_bytes}")
    return plan
