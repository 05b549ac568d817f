"""Random strings, and comparisons and digests that give nothing away.

In:     secrets and the values they protect.
Out:    digests, random strings, a bool.
Never:  invents cryptography: hashlib, hmac and secrets do the work.

Rules:  Django's key derivation: a digest of salt and secret is the key, and its cookies are signed so.
"""

import functools
import hashlib
import hmac
import secrets
import string
from typing import Any

from penstock.web.conf import settings
from penstock.web.utils.encoding import force_bytes

RANDOM_STRING_CHARS = string.ascii_letters + string.digits


class InvalidAlgorithm(ValueError):
    """hashlib has no algorithm of that name."""


def salted_hmac(
    key_salt: str | bytes, value: str | bytes, secret: str | bytes | None = None, *, algorithm: str = "sha1"
) -> hmac.HMAC:
    """The HMAC of `value` under a key made of `key_salt` and `secret` (SECRET_KEY by default).

    The salt keeps signatures of different purposes apart: one cannot stand in for the other.

    Raises:
        InvalidAlgorithm: hashlib has no such algorithm.
    """
    try:
        key = derived_key(key_salt, settings.SECRET_KEY if secret is None else secret, algorithm)
    except ValueError as error:
        raise InvalidAlgorithm(f"algorithm {algorithm!r}; expected one that hashlib has") from error
    return hmac.new(key, msg=force_bytes(value), digestmod=algorithm)


@functools.lru_cache(maxsize=128)
def derived_key(salt: str | bytes, secret: str | bytes, algorithm: str) -> bytes:
    """The digest of salt and secret, which is the key; a site has a handful of them.

    Raises:
        ValueError: hashlib has no such algorithm.
    """
    return hashlib.new(algorithm, force_bytes(salt) + force_bytes(secret)).digest()


def get_random_string(length: int, allowed_chars: str = RANDOM_STRING_CHARS) -> str:
    """A string of `length` characters, each drawn by the system's generator; 22 give 131 bits."""
    if not (0 < len(allowed_chars) <= 256 and allowed_chars.isascii()):
        return "".join(secrets.choice(allowed_chars) for _ in range(length))
    # One call of the generator for all characters: one for each costs 1.4 us a character.
    characters, surplus = _bytes_to_characters(allowed_chars)
    drawn = b""
    while len(drawn) < length:
        drawn += secrets.token_bytes(2 * (length - len(drawn)) + 8).translate(characters, surplus)
    return drawn[:length].decode("ascii")


@functools.lru_cache(maxsize=16)
def _bytes_to_characters(allowed_chars: str) -> tuple[bytes, bytes]:
    """Return a table from byte to character, and the bytes to leave out: they would favour the first."""
    size = len(allowed_chars)
    table = bytes(ord(allowed_chars[byte % size]) for byte in range(256))
    return table, bytes(range(256 - 256 % size, 256))


def constant_time_compare(val1: Any, val2: Any) -> bool:
    """Compare two texts in a time that tells nothing about where they differ."""
    return secrets.compare_digest(force_bytes(val1), force_bytes(val2))


def pbkdf2(password: Any, salt: Any, iterations: int, dklen: int = 0, digest: Any = None) -> bytes:
    """PBKDF2 with HMAC; `dklen` 0 gives a key as long as the digest, SHA-256 by default."""
    name = (digest or hashlib.sha256)().name
    return hashlib.pbkdf2_hmac(name, force_bytes(password), force_bytes(salt), iterations, dklen or None)
