"""How much memory a process takes, as the kernel counts it.

In:     a pid of the roster.
Out:    bytes; 0 = it has ended, or may not be read.
Never:  fails.

Rules:  proc(5): statm, smaps_rollup.
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_PSS: Final = re.compile(r"^Pss: +([0-9]+) kB", re.MULTILINE)


def resident(pid: int) -> int:
    """Return the resident memory: shared pages count in full, as in ps and top."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    return 0


def proportional(pid: int) -> int:
    """Return its part of the memory (PSS): a page that n processes share counts 1/n in each."""
    with contextlib.suppress(OSError):
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
        return int(found[1]) << 10 if found else 0
    return 0
