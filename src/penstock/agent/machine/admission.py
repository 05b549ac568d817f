"""Whose memory a machine's agent takes, and what it may be told to do with its own rights.

    who                              what it may have
    our own user, and root           logs at the paths it names, opened with our rights; its ops port answered
    allowed users and groups         logs below the agent's folder, and what comes with open descriptors
    anybody else                     nothing

A path that another user names would be opened with our rights: an agent of root's would append to any file of
the machine what somebody put into a request line.

In:     a connection, the text and the descriptors of ENROL.
Out:    a Candidate; or why not.
Never:  keeps a descriptor of what it refuses, trusts that one is what it should be.

Rules:  unix(7) SO_PEERCRED, SO_PEERGROUPS; memfd_create(2) (telemetry/memory/segment.py looks at seals).
"""

import contextlib
import dataclasses
import os
import re
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from penstock.config import OPTIONS, AgentConfig, ConfigError, MachineConfig
from penstock.config.value import parse_toml
from penstock.telemetry.enrolment import Enrolment, close_all
from penstock.telemetry.memory.segment import Segment, SegmentError

_CREDENTIALS: Final = struct.Struct("=iII")  # pid, uid, gid
_SO_PEERGROUPS: Final = 59  # asm-generic/socket.h; Python has no name for it
_MAX_GROUPS: Final = 65536  # NGROUPS_MAX
_EVENTFD: Final = "anon_inode:[eventfd]"
_SEMAPHORE: Final = "eventfd-semaphore: 1"  # proc(5), fdinfo; kernels before 6.5 do not say it
_LOGS: Final = ("access_log", "error_log", "application_log")
_NO_FILES: Final = frozenset({"-", "off", ""})
_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class RefusedError(Exception):
    """Somebody is not taken; the message is for them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """Who connected, as the kernel says."""

    pid: int
    uid: int
    gids: frozenset[int]

    @classmethod
    def of(cls, sock: socket.socket) -> Self:
        """Ask the kernel.

        Raises:
            OSError: the connection is broken.
        """
        pid, uid, gid = _CREDENTIALS.unpack(
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        groups = b""
        with contextlib.suppress(OSError):  # a kernel without it
            groups = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4 * _MAX_GROUPS)
        return cls(pid, uid, frozenset((gid, *struct.unpack(f"={len(groups) // 4}I", groups))))


@dataclasses.dataclass(frozen=True, slots=True)
class House:
    """What its operator allows.

    Attributes:
        uid: who the agent runs as.
        uids: other users who may have their masters drained.
        gids: groups likewise.
        log_folder: where the logs of others go; empty = nowhere.
    """

    uid: int
    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()
    log_folder: str = ""

    @classmethod
    def of(cls, config: MachineConfig, uid: int) -> Self:
        """Read the options.

        Raises:
            ConfigError: a user or group is no number.
        """
        return cls(
            uid,
            _numbers("agent_allow_uids", config.agent_allow_uids),
            _numbers("agent_allow_gids", config.agent_allow_gids),
            config.agent_log_folder,
        )

    def is_family(self, peer: Peer) -> bool:
        """Whether a peer may do with our rights what it likes: it has them anyway."""
        return peer.uid in {self.uid, 0}

    def check(self, peer: Peer) -> None:
        """Let a peer in.

        Raises:
            RefusedError: it is nobody we know.
        """
        if not (self.is_family(peer) or peer.uid in self.uids or peer.gids & self.gids):
            raise RefusedError(
                f"user {peer.uid} may not enrol here; expected user {self.uid}, root or an allowed one"
            )


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A master that may be taken.

    Attributes:
        standard_fds: its standard output and error; ours to close.
        ops: its ops port's listener.
    """

    enrolment: Enrolment
    segment: Segment
    logs: AgentConfig
    standard_fds: tuple[int, int]
    ops: socket.socket | None

    def close(self) -> None:
        """Let go of everything that came."""
        self.segment.close()
        close_all(self.standard_fds)
        if self.ops:
            self.ops.close()


def receive_candidate(house: House, peer: Peer, text: str, fds: Sequence[int]) -> Candidate:
    """Return who asks to be taken; the descriptors are the candidate's, or closed.

    Raises:
        RefusedError: something is not as it should be.
        EnrolmentError: the text is no enrolment.
    """
    try:
        enrolment = Enrolment.from_text(text)
        _check_descriptors(house, peer, enrolment, fds)
        logs = _logs_of(house, peer, enrolment)
        segment = _attach(fds[0], fds[1])
    except BaseException:
        close_all(fds)
        raise
    ops = socket.socket(fileno=fds[4]) if enrolment.has_ops else None
    return Candidate(enrolment, segment, logs, (fds[2], fds[3]), ops)


def _attach(fd: int, wake_fd: int) -> Segment:
    try:
        return Segment.attach(fd, writable=True, wake_fd=wake_fd)
    except (SegmentError, OSError, ValueError) as error:
        raise RefusedError(f"memory: {error}") from error


def _check_descriptors(house: House, peer: Peer, enrolment: Enrolment, fds: Sequence[int]) -> None:
    if len(fds) != enrolment.fd_count:
        raise RefusedError(f"{len(fds)} descriptors; expected {enrolment.fd_count}")
    _check_wake_up(fds[1])
    if enrolment.has_ops:
        _check_listener(house, peer, fds[4])


def _check_wake_up(fd: int) -> None:
    """Refuse anything but an eventfd: reading something else could wait, or eat what is another's.

    One that counts like a semaphore is refused as well: a single write would wake us billions of times.
    """
    target = os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115 - a descriptor, not a path
    if target != _EVENTFD:
        raise RefusedError(f"wake-up {target!r}; expected an eventfd")
    if _SEMAPHORE in Path(f"/proc/self/fdinfo/{fd}").read_text("ascii"):
        raise RefusedError("wake-up that is a semaphore; expected a plain eventfd")


def _check_listener(house: House, peer: Peer, fd: int) -> None:
    if not house.is_family(peer):
        raise RefusedError(
            f"an ops port of user {peer.uid}; expected none from another user than {house.uid}"
        )
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        is_listening = 0
    if not is_listening:
        raise RefusedError("an ops port that is no listening socket")


def files_of(logs: AgentConfig) -> frozenset[str]:
    """Return the files that lines go to, by their one true name."""
    paths = {getattr(logs, key) for key in _LOGS} - _NO_FILES
    return frozenset(map(os.path.realpath, paths))


def _logs_of(house: House, peer: Peer, enrolment: Enrolment) -> AgentConfig:
    """Return the options of its logs, with paths that this peer may name."""
    logs = AgentConfig(**{key: _value(key, value) for key, value in enrolment.logs.items()})
    files = [key for key in _LOGS if getattr(logs, key) not in _NO_FILES]
    for key in files:
        if "\0" in getattr(logs, key):
            raise RefusedError(f"{key} {getattr(logs, key)[:80]!r}; expected a path")
    if house.is_family(peer) or not files:
        return logs
    if not house.log_folder:
        raise RefusedError(
            f"user {peer.uid} may name no files here: the agent has no agent_log_folder for other users"
        )
    return dataclasses.replace(logs, **_own_paths(house.log_folder, peer.uid, enrolment.name, files))


def _own_paths(log_folder: str, uid: int, name: str, keys: Sequence[str]) -> dict[str, Any]:
    folder = Path(log_folder) / str(uid) / (_FILE_NAME.sub("_", name).lstrip(".") or "_")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise RefusedError(f"log folder {str(folder)!r}: {error.strerror}") from error
    return {key: str(folder / f"{key.removesuffix('_log')}.log") for key in keys}


def _value(key: str, value: Any) -> Any:
    option = OPTIONS.get(key)
    if option is None or option.section != "agent":
        raise RefusedError(f"option {key[:40]!r}; expected one of a log of this version")
    try:
        return parse_toml(option, value)
    except ValueError as error:
        raise RefusedError(f"{key} = {str(value)[:80]!r}; expected {error}") from None


def _numbers(key: str, words: Sequence[str]) -> frozenset[int]:
    for word in words:
        if not re.fullmatch(r"[0-9]{1,10}", word, re.ASCII):
            raise ConfigError(f"{key} {word!r}; expected a number, as `id` prints it")
    return frozenset(map(int, words))
