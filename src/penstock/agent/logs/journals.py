"""The logs of one tenant as its configuration asks for them, and the threads that look after their files.

In:     the agent's options.
Out:    outlets for access records and for log records; remarks of the threads.
Never:  formats (form.py), reads rings (drain.py).
"""

import collections
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from penstock.agent.logs.archive import Archive, Retention
from penstock.agent.logs.archivist import Archivist
from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.outlet import Outlet
from penstock.agent.logs.output import Output
from penstock.agent.logs.rotation import Period, Rotation
from penstock.agent.logs.syncing import Sync, Syncer
from penstock.config.agent import AgentConfig
from penstock.telemetry.memory import layout

_DAY_S: Final = 86400
_MAX_REMARKS: Final = 100


class Journals:
    """All logs of one tenant.

    Args:
        config: the agent's options.
        ledger: where sizes are kept.
        standard_fds: what `-` means for the access log and for the others.
        now: monotonic seconds.
        wall: seconds since the epoch.

    Attributes:
        access: where access lines go.
        entries: where log entries go: all to one log, or the server's to the first and the application's to
            the second.
    """

    def __init__(
        self,
        config: AgentConfig,
        ledger: Ledger,
        standard_fds: tuple[int, int] = (1, 2),
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._now = now
        self._wall = wall
        self._remarks: collections.deque[str] = collections.deque(maxlen=_MAX_REMARKS)
        self._sync = Sync(config.log_fsync)
        self._syncer = Syncer(self._remarks.append) if self._sync is Sync.SECOND else None
        self._archives: list[Archive] = []
        self._archivist: Archivist | None = None
        self.access = self._outlet("access log", config.access_log, standard_fds[0], layout.ACCESS_OUTPUT)
        entries = [self._outlet("error log", config.error_log, standard_fds[1], layout.ERROR_OUTPUT)]
        if is_split(config):
            target, area = config.application_log, layout.APPLICATION_OUTPUT
            entries.append(self._outlet("application log", target, standard_fds[1], area))
        self.entries = tuple(entries)
        if self._archives:
            self._archivist = Archivist(self._archives, self._remarks.append)
            self._archivist.start()

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """Every log there is."""
        return (self.access, *self.entries)

    def take_remarks(self) -> list[str]:
        """Return what went wrong with files since the last call."""
        return [self._remarks.popleft() for _ in range(len(self._remarks))]

    def stop(self) -> None:
        """End the threads; what they were at is begun again by the next agent."""
        if self._archivist:
            self._archivist.stop()
        if self._syncer:
            self._syncer.stop()

    def _outlet(self, name: str, target: str, standard_fd: int, area: int) -> Outlet:
        archive = None
        rotation = Rotation(self._config.log_rotate_bytes, Period(self._config.log_rotate_time), self._wall)
        if rotation.is_on and target not in {"-", "off"}:
            archive = self._archive(target)
        return Outlet(
            Output(name, target, standard_fd, self._now),
            self._ledger,
            area,
            rotation=rotation,
            archive=archive,
            rotated=lambda path: self._take(archive, path),
            remark=self._remarks.append,
            sync=self._sync,
            syncer=self._syncer,
        )

    def _archive(self, target: str) -> Archive:
        config = self._config
        archive = Archive(
            Path(target).resolve(),  # where the log is a link, the file behind it is moved, not the link
            Retention(config.log_keep_count, config.log_keep_days * _DAY_S, config.log_keep_bytes),
            is_compressing=config.log_compress == "gzip",
            wall=self._wall,
        )
        self._archives.append(archive)
        return archive

    def _take(self, archive: Archive | None, path: Path) -> None:
        if self._archivist and archive:
            self._archivist.take(archive, path)


def is_split(config: AgentConfig) -> bool:
    """Whether the application's own entries go to a log of their own."""
    return config.application_log not in {"", config.error_log}
