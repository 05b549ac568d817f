"""Importing the application and its hooks, in a template or in a worker, and saying why they cannot be.

In:     the plan.
Out:    what serving takes; or a message to the master that an operator can read.
Never:  raises what the application's import raised: a package may exit or raise whatever it likes.
"""

import dataclasses
import traceback
from typing import Final
from wsgiref.types import WSGIApplication

from penstock.server.message import FAILED, send_message
from penstock.server.plan import Hook, ServePlan
from penstock.telemetry.staff import Staff, join_staff

# sysexits(3): EX_SOFTWARE for an application that cannot be imported.
BOOT_FAILED_STATUS: Final = 70


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """The application, and its functions that are called in the life of a worker."""

    application: WSGIApplication
    on_worker_start: Hook
    on_worker_stop: Hook
    on_ready: Hook


def import_application(plan: ServePlan, channel_fd: int) -> Imported | None:
    """Import the application and its hooks; None = it cannot be, and the master has been told why."""
    join_staff(Staff(plan.server.workers, plan.server.threads))
    try:
        return Imported(
            plan.load(),
            _find_hook(plan, plan.server.on_worker_start),
            _find_hook(plan, plan.server.on_worker_stop),
            _find_hook(plan, plan.server.on_ready),
        )
    except BaseException as error:  # noqa: BLE001 - see the head of this file
        send_message(channel_fd, FAILED, explain(error))
        return None


def explain(error: BaseException) -> str:
    """Return what the operator reads: the traceback where the fault is the application's, then one line."""
    line = str(error) or type(error).__name__
    cause = error.__cause__
    if cause is None:
        return line
    return "".join(traceback.format_exception(cause)) + line


def explain_hook(name: str, place: str, error: BaseException) -> str:
    """Return the traceback of a hook that failed, then one line."""
    line = f"{name} {place!r} failed: {type(error).__name__}: {error}"
    return "".join(traceback.format_exception(error)) + line


def _find_hook(plan: ServePlan, name: str) -> Hook:
    return plan.find_hook(name) if name else _do_nothing


def _do_nothing() -> None:
    pass
