"""`penstock reload`: have a running server change to what is on disk now, and say how that went.

In:     /proc and the memory of the server, as `penstock status`; its pid.
Out:    SIGHUP; with --wait, an exit status that a deploy can stop on, and the traceback of broken code.
Never:  asks the server anything: it reads the verdict from its memory (telemetry/memory/verdict.py).
Rules:  pidfd_open(2): a signal through it cannot reach a stranger, and it tells when the server has ended.
"""

import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.cli.running.choice import choose_one, wanted_pid
from penstock.telemetry import (
    ReloadState,
    SegmentError,
    Verdict,
    find_masters,
    last_reload,
    read_verdict,
)

if TYPE_CHECKING:
    import argparse

LOOK_MS: Final = 50


def run_reload(arguments: "argparse.Namespace") -> int:
    """Ask for a reload, and wait for its end if asked to.

    Raises:
        ConfigError: --pid or --pid-file holds no pid.
        CommandError: there is no such server, or several; the reload failed, and the old code goes on.
    """
    master = choose_one(find_masters(), wanted_pid(arguments.pid, arguments.pid_file))
    pid_fd = open_process(master.pid)
    try:
        memory_fd = master.open()
        try:
            before = last_reload(memory_fd)
            ask(pid_fd, master.pid)
            if not arguments.wait:
                say(f"server {master.pid} was asked to reload; --wait would say how it went")
                return 0
            verdict = wait_verdict(memory_fd, pid_fd, before + 1)
        finally:
            os.close(memory_fd)
    except (OSError, SegmentError) as error:
        raise CommandError(f"cannot follow server {master.pid}: {error}") from None
    finally:
        os.close(pid_fd)
    return tell(verdict, master.pid)


def open_process(pid: int) -> int:
    """Return a pidfd.

    Raises:
        CommandError: the process has ended.
    """
    try:
        return os.pidfd_open(pid)
    except OSError:
        raise CommandError(f"server {pid} has just ended") from None


def ask(pid_fd: int, pid: int) -> None:
    """Send HUP.

    Raises:
        CommandError: the server has ended, or is another user's.
    """
    try:
        signal.pidfd_send_signal(pid_fd, signal.SIGHUP)
    except ProcessLookupError:
        raise CommandError(f"server {pid} has just ended") from None
    except PermissionError:
        raise CommandError(f"server {pid} is another user's; expected its user or root") from None


def wait_verdict(memory_fd: int, pid_fd: int, number: int) -> Verdict:
    """Return the verdict on reload `number`; later ones are waited for if its place was taken meanwhile.

    Raises:
        CommandError: the server has ended first.
    """
    while True:
        has_ended = bool(select.select([pid_fd], [], [], LOOK_MS / 1000)[0])
        verdict = read_verdict(memory_fd, number)
        if verdict is not None and verdict.state in {ReloadState.DONE, ReloadState.FAILED}:
            return verdict
        if has_ended:
            raise CommandError("the server has stopped before the reload was done")
        if verdict is None and last_reload(memory_fd) > number:
            number = last_reload(memory_fd)  # whoever held us up so long: what is on disk is newer than we


def tell(verdict: Verdict, pid: int) -> int:
    """Say how the reload went.

    Raises:
        CommandError: it failed; the traceback has been written.
    """
    if verdict.state is ReloadState.DONE:
        say(f"server {pid} has reloaded: generation {verdict.number} serves")
        return 0
    *stack, line = verdict.text.splitlines() or ["no reason was given"]
    if stack:
        sys.stderr.write("\n".join(stack) + "\n")
    raise CommandError(f"server {pid} goes on with the old code: {line}")


def say(text: str) -> None:
    """Write one line."""
    sys.stdout.write(f"penstock: {text}\n")
