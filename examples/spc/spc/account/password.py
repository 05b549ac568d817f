"""Passwords: stored as Argon2id hashes, never as themselves.

In:     what somebody typed.
Out:    a hash; whether a password belongs to one.
Never:  tells a wrong name from a wrong password, not even by the time it takes.

Rules:  OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. Eight threads that log
        people in at once then take 152 MiB, not the 512 MiB of the library's default.
"""

import hashlib
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19_456
PASSES = 2
SHUT = ""  # the hash of somebody who logs in no more: no password belongs to it


@cache
def hasher():
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def nobody() -> str:
    """A hash that no password belongs to: what is checked where there is no user of a name."""
    return hasher().hash("")


def hash_password(password: str) -> str:
    """Return the hash to store."""
    return hasher().hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether a password belongs to a hash; with None or SHUT the answer is no, after the same time."""
    try:
        hasher().verify(password_hash or nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def stamp_of(password_hash: str) -> str:
    """Return what a session keeps of a hash: another password makes another one, and ends the session."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]
