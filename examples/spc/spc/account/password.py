"""Passwords: stored as Argon2id hashes, never as themselves.

In:     what somebody typed.
Out:    a hash; whether a password belongs to one.
Never:  tells a wrong name from a wrong password, not even by the time it takes.

Rules:  OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. Eight threads that log
        people in at once then take 152 MiB, not the 512 MiB of the library's default.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19_456
PASSES = 2


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
    """Tell whether a password belongs to a hash; with None the answer is no, after the same time."""
    try:
        hasher().verify(nobody() if password_hash is None else password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
