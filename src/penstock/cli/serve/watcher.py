"""`--reload`: a small process beside the master that turns a changed source file into SIGHUP (development).

The master has no threads and watches no files; so the watcher is a program of its own, started by the
command and not by the server, and it ends with the master whatever ends that: it holds the master's pidfd.

In:     file system events below the working folder (watchfiles), the master's pidfd.
Out:    SIGHUP to the master.
Never:  restarts or reads anything itself; never runs in production, where a reload is a deliberate act.
Rules:  pidfd_open(2): readable when the process has ended; a signal through it cannot reach a stranger.
"""

import importlib.util
import os
import select
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from penstock.config import ConfigError

# Sources, and templates that a process may hold compiled in memory.
SUFFIXES: Final = frozenset({".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".toml"})
SETTLE_MS: Final = 200  # an editor's save is several events; a branch switch is hundreds


def require_watchfiles() -> None:
    """Refuse --reload where the package it needs is not installed.

    Raises:
        ConfigError: it is missing; the hint is the command that installs it.
    """
    if importlib.util.find_spec("watchfiles") is None:
        raise ConfigError("--reload needs the package watchfiles", "pip install 'penstock[reload]'")


def start_watcher() -> int:
    """Start the watcher for this process and the current folder; return its pid."""
    words = [sys.executable, "-P", "-m", "penstock.cli.serve.watcher", str(os.getpid())]
    # No Popen: nobody here waits for it. Its own group: Ctrl-C is the master's to answer.
    return os.posix_spawn(sys.executable, words, os.environ, setpgroup=0)


def is_source(path: str) -> bool:
    """Tell whether a change of this file may change what is served."""
    return Path(path).suffix in SUFFIXES


def watch(master: int, folders: Iterable[Path]) -> None:
    """Send SIGHUP to the master for each batch of changed sources, until the master has ended."""
    import watchfiles  # noqa: PLC0415 - an extra

    ignored = watchfiles.DefaultFilter()  # .git, virtual environments, caches
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(master, ended), daemon=True).start()
    batches = watchfiles.watch(
        *folders,
        watch_filter=lambda change, path: ignored(change, path) and is_source(path),
        debounce=SETTLE_MS,
        stop_event=ended,
        raise_interrupt=False,
    )
    for batch in batches:
        _tell(master, sorted({path for _, path in batch}))


def _wait_for_end(master: int, ended: threading.Event) -> None:
    select.select([master], [], [])
    ended.set()


def _tell(master: int, paths: list[str]) -> None:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    sys.stderr.write(f"penstock: {os.path.relpath(paths[0])}{more} changed: reloading\n")
    try:
        signal.pidfd_send_signal(master, signal.SIGHUP)
    except ProcessLookupError:
        return  # it has just ended; the other thread notices


def main(words: list[str]) -> int:
    """Watch the current folder for the master whose pid is the one argument."""
    pid = int(words[0])
    try:
        master = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    if os.getppid() != pid:  # it ended before we looked, and the number may be somebody else's
        return 0
    watch(master, [Path.cwd()])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
