"""How much is left in a stream.

In:     anything with read(): files, buffers, pipes, request bodies.
Out:    bytes, where the stream can be asked.
Never:  reads, or leaves the position elsewhere.
"""

import io
from typing import Any


def is_seekable(stream: Any) -> bool:
    """Tell whether a stream can seek, as far as it says."""
    return hasattr(stream, "seek") and (not hasattr(stream, "seekable") or bool(stream.seekable()))


def bytes_left(stream: Any) -> int | None:
    """Return how many bytes are behind the position, None if nobody can tell."""
    if not (is_seekable(stream) and hasattr(stream, "tell")):
        return None
    here = stream.tell()
    stream.seek(0, io.SEEK_END)
    end = stream.tell()
    stream.seek(here)
    return int(end) - int(here)
