"""Another master whose agent still writes: two writers of one file would write over each other.

In:     a descriptor that is readable when that master has ended; its agent ends before it.
Out:    whether it has.
Never:  ends it.
"""

import os
import select

from penstock.server.master.family import Family


class Predecessor:
    """Whom we wait for before our own records are written.

    Args:
        family: no child may keep the descriptor.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self._fd = -1
        self._poll: select.poll | None = None

    def follow(self, fd: int, poll: select.poll) -> None:
        """Wait for it from now on.

        Args:
            fd: readable when it has ended; -1 = it has.
            poll: is woken then.
        """
        if fd >= 0:
            self._fd, self._poll = fd, poll
            self._family.private_fds.add(fd)
            poll.register(fd, select.POLLIN)

    @property
    def is_expected_to_end(self) -> bool:
        """Whether it was there when we last looked."""
        return self._fd >= 0

    def is_there(self, patience_s: float = 0.0) -> bool:
        """Return whether it is still there, after at most `patience_s`."""
        if self._fd < 0:
            return False
        if not select.select([self._fd], [], [], patience_s)[0]:
            return True
        assert self._poll is not None  # noqa: S101 - it came with the descriptor
        self._poll.unregister(self._fd)
        self._family.private_fds.discard(self._fd)
        os.close(self._fd)
        self._fd = -1
        return False
