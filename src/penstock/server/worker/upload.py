"""One request body on its way in.

In:     a head that announces a body, then its bytes.
Out:    the whole body as a file; until then, when the next byte is due.
Never:  reads a socket or a clock.

Rules:  the next byte is due within `timeout_ns`, and the whole at `min_rate` bytes a second,
        so that neither a silent client nor one that drips can hold a buffer for ever.
"""

from typing import BinaryIO, Final

from penstock.protocol import RequestHead
from penstock.server.worker.spool import BodySpool

NS: Final = 1_000_000_000


class Upload:
    """A head and as much of its body as has come.

    Args:
        head: of the request.
        spool: where the body goes.
        now_ns: when the body began.
    """

    __slots__ = ("_begun_ns", "_spool", "head")

    def __init__(self, head: RequestHead, spool: BodySpool, now_ns: int) -> None:
        self.head = head
        self._spool = spool
        self._begun_ns = now_ns

    @property
    def size(self) -> int:
        """Bytes received."""
        return self._spool.size

    def keep(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            SpoolError: the disk is full or there is none.
        """
        self._spool.write(data)

    def deadline_ns(self, now_ns: int, timeout_ns: int, min_rate: int) -> int:
        """Return when the upload fails unless more has come.

        Args:
            now_ns: when the last bytes came.
            timeout_ns: the longest wait for the next byte.
            min_rate: bytes a second over the whole, 0 = any.
        """
        next_byte_ns = now_ns + timeout_ns
        if not min_rate:
            return next_byte_ns
        earned_ns = self._spool.size * NS // min_rate
        return min(next_byte_ns, self._begun_ns + timeout_ns + earned_ns)

    def finish(self) -> BinaryIO:
        """Return the whole body, at its start; the caller closes it."""
        return self._spool.finish()

    def close(self) -> None:
        """Give up: the body was cut or refused."""
        self._spool.close()
