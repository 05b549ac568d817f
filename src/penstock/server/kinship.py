"""Who becomes whose parent when a process dies, and who is told: the wishes of prctl(2) that Python lacks.

In:     nothing.
Out:    the kernel's promise, or False where it cannot be had.
Never:  raises: a server without these goes on with less (no template, a lifeline pipe).

Rules:  prctl(2) PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG; the latter is forgotten at fork and when the
        process changes its user, so it is asked for after both.
"""

import os
import signal
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36


def adopt_orphans() -> bool:
    """Become the parent of every descendant whose parent dies."""
    return _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent_pid: int) -> None:
    """Let the kernel kill this process when its parent dies; at once if that is no longer `parent_pid`."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def outlive_parent() -> None:
    """Take `die_with` back."""
    _prctl(PR_SET_PDEATHSIG, 0)


def _prctl(option: int, argument: int) -> bool:
    try:
        import ctypes  # noqa: PLC0415 - some builds of Python have none

        return bool(ctypes.CDLL(None).prctl(option, argument, 0, 0, 0) == 0)
    except (ImportError, AttributeError, OSError):
        return False
