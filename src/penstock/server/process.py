"""What a process does to itself after a fork: identity, randomness, signals.

In:     configuration words (user, group, umask).
Out:    a process that has given up what it does not need.
Never:  forks (master/family.py and template/template.py do).
"""

import contextlib
import dataclasses
import grp
import os
import pwd
import random
import signal
import sys
from collections.abc import Collection

from penstock.server.errors import StartError

RESET_SIGNALS = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGWINCH,
)


class IdentityError(StartError):
    """The user, group or umask cannot be had; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Who the workers and the agent run as.

    Attributes:
        uid: user id, or None to stay.
        gid: group id, or None to stay.
        name: login name, for the supplementary groups; "" = none.
        umask: or None to stay.
    """

    uid: int | None = None
    gid: int | None = None
    name: str = ""
    umask: int | None = None

    def assume(self) -> None:
        """Become this identity: groups first, then the user, after which nothing can be taken back.

        Raises:
            OSError: the process may not (it is not root).
        """
        if self.umask is not None:
            os.umask(self.umask)
        if self.gid is not None and self.gid != os.getegid():
            if os.geteuid() == 0:
                os.setgroups([])
            os.setgid(self.gid)
        if self.uid is not None and self.uid != os.geteuid():
            if self.name:
                os.initgroups(self.name, self.gid if self.gid is not None else os.getgid())
            elif os.geteuid() == 0:
                os.setgroups([])  # a bare number has none, and root's are not for it
            os.setuid(self.uid)


def parse_identity(user: str, group: str, umask: str) -> Identity:
    """Return the identity that the configuration names.

    Args:
        user: name or number; "" = stay.
        group: name or number; "" = the user's own group, or stay.
        umask: octal; "" = stay.

    Raises:
        IdentityError: unknown user or group, a umask that is not octal, or another user without root.
    """
    uid, name, own_gid = _user(user)
    gid = _group(group) if group else own_gid
    if os.geteuid() != 0 and (
        (uid is not None and uid != os.geteuid()) or (gid is not None and gid != os.getegid())
    ):
        raise IdentityError(f"user {user!r} group {group!r}; expected to be started as root to change them")
    return Identity(uid, gid, name, _umask(umask))


def forget_parent(keep_fd: int, blocked: Collection[signal.Signals] = ()) -> None:
    """Undo what a fork copies by accident: signal handlers, the wake-up descriptor, random state.

    Args:
        keep_fd: -1, or a descriptor that signals are written to from now on.
        blocked: signals that wait until the process unblocks them, having handlers of its own.
    """
    signal.set_wakeup_fd(keep_fd)
    for number in RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    random.seed()
    # Not numpy.random by way of numpy, which would import it here: 4 MB in each worker.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        with contextlib.suppress(Exception):  # a NumPy without a legacy generator has nothing to reseed
            numpy_random.seed()


def has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _user(word: str) -> tuple[int | None, str, int | None]:
    if not word:
        return None, "", None
    try:
        entry = pwd.getpwuid(int(word)) if word.isdecimal() else pwd.getpwnam(word)
    except KeyError:
        if word.isdecimal():  # a bare number is enough for the kernel
            return int(word), "", None
        raise IdentityError(f"user {word!r}; expected a user of this machine") from None
    return entry.pw_uid, entry.pw_name, entry.pw_gid


def _group(word: str) -> int:
    if word.isdecimal():
        return int(word)
    try:
        return grp.getgrnam(word).gr_gid
    except KeyError:
        raise IdentityError(f"group {word!r}; expected a group of this machine") from None


def _umask(word: str) -> int | None:
    if not word:
        return None
    try:
        value = int(word, 8)
    except ValueError:
        value = -1
    if not 0 <= value <= 0o777:
        raise IdentityError(f"umask {word!r}; expected octal digits from 0 to 777")
    return value
