"""`on_ready`: one call of the application's, once a generation, when all its workers accept.

It runs in a process of its own, forked by the template (or by the master, and then it imports first), because
the master runs no application code and no worker should be held up by what one of them was asked to do.

In:     the same assignment that a worker gets, in slot 0.
Out:    READY, or FAILED and why, on its channel; then the process ends.
Never:  serves; touches a slot of the shared memory.
"""

import os
import sys
import traceback
from contextlib import suppress

from penstock.server.boot import BOOT_FAILED_STATUS, explain_hook, import_application
from penstock.server.kinship import die_with
from penstock.server.message import FAILED, HELLO, READY, send_message
from penstock.server.process import forget_parent
from penstock.server.worker.worker import Assignment

# Slot 0 is the master's: in an order it means this.
SLOT = 0


def run_errand(assignment: Assignment) -> None:
    """Call the hook, then end this process."""
    status = BOOT_FAILED_STATUS
    try:
        forget_parent(-1)
        assignment.heritage.identity.assume()
        die_with(assignment.master_pid)
        status = _call(assignment)
    except BaseException:  # noqa: BLE001 - nothing may return into the master's code
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _call(assignment: Assignment) -> int:
    channel_fd = assignment.order.channel_fd
    send_message(channel_fd, HELLO)
    imported = assignment.imported or import_application(assignment.plan, channel_fd)
    if imported is None:
        return BOOT_FAILED_STATUS
    try:
        imported.on_ready()
    except BaseException as error:  # noqa: BLE001 - the application's code may raise whatever it likes
        send_message(channel_fd, FAILED, explain_hook("on_ready", assignment.plan.server.on_ready, error))
        return BOOT_FAILED_STATUS
    send_message(channel_fd, READY)
    return 0
