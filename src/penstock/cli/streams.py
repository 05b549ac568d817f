"""Standard streams that were closed before we began (`penstock serve >&-`), made safe.

The next descriptor that anybody opens takes the free number: a listener or our shared memory would become
"standard output", and what is printed would go into it.

In:     descriptors 0 to 2 as they were inherited.
Out:    all three are open. Standard input is at its end. Standard output is a pipe without a reader, so that
        the agent finds, says and counts that its lines are lost. Standard error swallows all, sys.stderr too
        (Python has None there); sys.stdout stays None, so that print() does nothing instead of failing.
Never:  touches one that is open.

Rules:  open(2): the lowest free number is taken; so this comes before anything else is opened.
"""

import os
import sys


def open_standard_streams() -> list[int]:
    """Put something harmless in place of each closed standard descriptor; return which they were."""
    closed = [fd for fd in range(3) if not _is_open(fd)]
    for fd in closed:
        null_fd = os.open(os.devnull, os.O_RDWR)
        assert null_fd == fd  # noqa: S101 - the lowest that is free
        os.set_inheritable(fd, True)
    if 1 in closed:
        _break_output()
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - for the life of the process
    return closed


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _break_output() -> None:
    read_fd, write_fd = os.pipe()
    os.dup2(write_fd, 1)
    os.close(write_fd)
    os.close(read_fd)
