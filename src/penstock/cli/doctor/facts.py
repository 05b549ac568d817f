"""What the doctor looks at: the configuration, the machine, a running server, the application's import.

In:     /proc, /sys, limits, the configuration as `serve` would read it here, a child that imports.
Out:    Facts.
Never:  judges (rules.py); imports the application into this process; changes anything.
"""

import dataclasses
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from penstock.cli.machine import available_cpus, default_workers, memory_bytes
from penstock.config import Config, LoadedConfig
from penstock.telemetry import FoundMaster, SegmentError, Snapshot, WorkerState
from penstock.telemetry.reading.usage import proportional, resident

# An application that imports longer than this has a problem of its own, which is then said.
IMPORT_S: Final = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class DatabaseReport:
    """A database of the application's.

    Attributes:
        alias: its name in DATABASES.
        budget: the connections that all workers may have, as DATABASES says; None = it does not.
        max_connections: that its server lets ordinary users have; None = it counts none.
        failure: why it could not be asked, in one line.
    """

    alias: str
    budget: int | None = None
    max_connections: int | None = None
    failure: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of importing the application in a process of its own.

    Attributes:
        failure: why it cannot be imported, in one line; "" = it can.
        took_s: seconds.
        resident_bytes: of the process, when it had imported.
        hazards: what would not survive a fork, a sentence each.
        databases: of a site of penstock.web; others keep theirs to themselves.
    """

    failure: str = ""
    took_s: float = 0.0
    resident_bytes: int = 0
    hazards: tuple[str, ...] = ()
    databases: tuple[DatabaseReport, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs here: bytes of each of its workers, shared pages divided by who shares."""

    pid: int
    worker_bytes: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is judged.

    Attributes:
        config: as `serve` would use it, with a number of workers.
        places: key -> where it was set, for what is no default.
        folder: where the server would work.
        proxy_keep_alive_s: how long the proxy in front keeps an idle connection.
        somaxconn: the kernel's bound of a backlog; None = not to be read.
        cpus: that the cgroup allows.
        memory_bytes: that the cgroup or the machine has; None = not to be read.
        max_files: hard limit of descriptors of a process.
        user_id: who runs the doctor, and would run the server.
        is_in_kubernetes: whether a pod surrounds us.
        imported: None = it was not asked for.
        running: the server to measure; None = there is none, or several.
    """

    config: Config
    places: Mapping[str, str]
    folder: Path
    proxy_keep_alive_s: float
    somaxconn: int | None
    cpus: int
    memory_bytes: int | None
    max_files: int
    user_id: int
    is_in_kubernetes: bool = False
    imported: ImportReport | None = None
    running: RunningServer | None = None


def gather(
    loaded: LoadedConfig, environment: Mapping[str, str], masters: Sequence[FoundMaster], **others: Any
) -> Facts:
    """Look at this machine.

    Args:
        loaded: the configuration.
        environment: the variables of this process.
        masters: the servers to measure.
        others: fields of Facts that the caller knows.
    """
    server = loaded.config.server
    workers = server.workers or default_workers()
    config = dataclasses.replace(loaded.config, server=dataclasses.replace(server, workers=workers))
    return Facts(
        config=config,
        places=loaded.places,
        folder=Path(server.chdir or ".").absolute(),
        somaxconn=read_somaxconn(),
        cpus=available_cpus(),
        memory_bytes=memory_bytes(),
        max_files=_max_files(),
        user_id=os.geteuid(),
        is_in_kubernetes="KUBERNETES_SERVICE_HOST" in environment,
        running=measure(masters[0]) if len(masters) == 1 else None,
        **others,
    )


def read_somaxconn(proc: Path = Path("/proc")) -> int | None:
    """Return net.core.somaxconn of this network namespace."""
    try:
        return int((proc / "sys/net/core/somaxconn").read_text())
    except (OSError, ValueError):
        return None


def measure(master: FoundMaster) -> RunningServer | None:
    """Return what a running server's workers take; None if it has just ended."""
    try:
        fd = master.open()
    except OSError:
        return None
    try:
        workers = Snapshot.take(fd).workers
    except (OSError, SegmentError):
        return None
    finally:
        os.close(fd)
    pids = [
        worker.pid for worker in workers if worker.state is WorkerState.READY and worker.pid in master.pids
    ]
    sizes = (share_of(pid) for pid in pids)
    return RunningServer(master.pid, tuple(size for size in sizes if size))


def share_of(pid: int) -> int:
    """Return the bytes of a process, shared pages divided by who shares if we may see that; 0 = gone."""
    return proportional(pid) or resident(pid)


def import_aside(target: str, folder: Path) -> ImportReport:
    """Import the application in a child, as a worker would, and return what came of it."""
    words = [sys.executable, "-m", "penstock.cli.doctor.imported", target]
    try:
        ran = subprocess.run(  # noqa: S603 - our own interpreter
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=IMPORT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return ImportReport(failure=f"it was still importing after {IMPORT_S:.0f} s")
    except OSError as error:
        return ImportReport(failure=f"{folder}: {(error.strerror or str(error)).lower()}")
    # The application may print what it likes; the report is the last line.
    last = ran.stdout.rpartition(b"\n{")[2] or ran.stdout
    try:
        fields = json.loads(b"{" + last.removeprefix(b"{"))
        databases = tuple(DatabaseReport(**each) for each in fields["databases"])
        return ImportReport(**fields | {"hazards": tuple(fields["hazards"]), "databases": databases})
    except (ValueError, KeyError, TypeError):
        how = f"signal {-ran.returncode}" if ran.returncode < 0 else f"status {ran.returncode}"
        return ImportReport(failure=f"the importing process ended with {how}")


def _max_files() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
