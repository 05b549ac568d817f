"""Values that a client keeps for us and cannot change: signed, dated, never secret.

    value:signature                       Signer
    value:timestamp:signature             TimestampSigner; seconds since the epoch in base 62
    [.]base64(json):timestamp:signature   dumps(); "." before what was compressed

In:     values and the keys: SECRET_KEY, for reading SECRET_KEY_FALLBACKS as well.
Out:    text of URL-safe characters, and the value again.
Never:  encrypts.  Never reads a value whose signature is wrong.

Rules:  Django's wire format to the byte, salts included: the same SECRET_KEY reads what Django signed.
        Where a salt comes from a class's name, ours therefore count as Django's.
"""

import base64
import datetime as dt
import functools
import hmac
import json
import re
import time
import zlib
from typing import Any, ClassVar, Final

from penstock.web.conf import settings
from penstock.web.utils.crypto import constant_time_compare, derived_key
from penstock.web.utils.encoding import force_bytes
from penstock.web.utils.module_loading import import_string

BASE62_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_MAY_NOT_SEPARATE: Final = re.compile(r"[A-z0-9\-_=]*")  # characters of base 64 and some more; Django's
_COOKIE_KEY: Final = b"django.http.cookies"
_COOKIE_SALT: Final = "django.core.signing.get_cookie_signer"
_SALT: Final = "django.core.signing"

Key = str | bytes


class BadSignature(Exception):
    """The signature is not there or not ours."""


class SignatureExpired(BadSignature):
    """The signature is ours and older than it may be."""


def b62_encode(s: int) -> str:
    """A whole number in base 62."""
    if s < 0:
        return f"-{b62_encode(-s)}"
    higher, digit = divmod(s, 62)
    return (b62_encode(higher) if higher else "") + BASE62_ALPHABET[digit]


def b62_decode(s: str) -> int:
    """The number that base-62 digits mean.

    Raises:
        ValueError: a character is no digit.
    """
    if s.startswith("-"):
        return -b62_decode(s[1:])
    return functools.reduce(lambda number, digit: number * 62 + BASE62_ALPHABET.index(digit), s, 0)


def b64_encode(s: bytes) -> bytes:
    """URL-safe base 64 without padding."""
    return base64.urlsafe_b64encode(s).rstrip(b"=")


def b64_decode(s: bytes) -> bytes:
    """The bytes of unpadded URL-safe base 64."""
    return base64.urlsafe_b64decode(s + b"=" * (-len(s) % 4))


def base64_hmac(salt: Key, value: Key, key: Key, algorithm: str = "sha1") -> str:
    """The HMAC of a value under a key made of salt and key, in base 64."""
    derived = derived_key(salt, key, algorithm)
    return b64_encode(hmac.digest(derived, force_bytes(value), algorithm)).decode()


def get_cookie_signer(salt: str = _COOKIE_SALT) -> Any:
    """The signer of cookies: SIGNING_BACKEND with keys of its own."""
    signer_class = import_string(settings.SIGNING_BACKEND)
    fallbacks = [_cookie_key(key) for key in settings.SECRET_KEY_FALLBACKS]
    return signer_class(key=_cookie_key(settings.SECRET_KEY), fallback_keys=fallbacks, salt=salt)


def _cookie_key(key: Key) -> bytes:
    return _COOKIE_KEY + bytes(force_bytes(key))


class JSONSerializer:
    """Objects as compact JSON in Latin-1, which JSON's ASCII is."""

    def dumps(self, obj: Any) -> bytes:
        """The bytes of an object.

        Raises:
            TypeError: JSON has no form for it.
        """
        return json.dumps(obj, separators=(",", ":")).encode("latin-1")

    def loads(self, data: bytes) -> Any:
        """The object of the bytes.

        Raises:
            ValueError: they are not JSON.
        """
        return json.loads(data.decode("latin-1"))


def dumps(
    obj: Any,
    key: Key | None = None,
    salt: str = _SALT,
    serializer: type = JSONSerializer,
    compress: bool = False,
) -> str:
    """An object as signed and dated text; `loads` reads it."""
    return TimestampSigner(key=key, salt=salt).sign_object(obj, serializer=serializer, compress=compress)


def loads(
    s: str,
    key: Key | None = None,
    salt: str = _SALT,
    serializer: type = JSONSerializer,
    max_age: float | dt.timedelta | None = None,
    fallback_keys: list[Any] | None = None,
) -> Any:
    """The object that `dumps` signed.

    Args:
        s: the text.
        key: SECRET_KEY by default.
        salt: must be what it was signed with.
        serializer: must be the one it was signed with.
        max_age: seconds that the signature may be old; None asks for no age.
        fallback_keys: older keys that may have signed it; SECRET_KEY_FALLBACKS by default.

    Raises:
        BadSignature: the signature is not there or not ours.
        SignatureExpired: it is older than `max_age`.
    """
    signer = TimestampSigner(key=key, salt=salt, fallback_keys=fallback_keys)
    return signer.unsign_object(s, serializer=serializer, max_age=max_age)


class Signer:
    """Signs text, and objects as text."""

    _default_algorithm: ClassVar = "sha256"

    def __init__(
        self,
        *,
        key: Key | None = None,
        sep: str = ":",
        salt: str | None = None,
        algorithm: str | None = None,
        fallback_keys: list[Any] | None = None,
    ) -> None:
        """Signs with SECRET_KEY unless told otherwise, and reads with SECRET_KEY_FALLBACKS, too.

        Raises:
            ValueError: the separator may stand in what it separates.
        """
        self.key = key or settings.SECRET_KEY
        self.fallback_keys = settings.SECRET_KEY_FALLBACKS if fallback_keys is None else fallback_keys
        self.sep = sep
        self.salt = salt or _class_salt(type(self))
        self.algorithm = algorithm or self._default_algorithm
        if _MAY_NOT_SEPARATE.fullmatch(sep):
            raise ValueError(f"separator {sep!r} of a signer; expected a character outside of A-z0-9-_=")

    def signature(self, value: str | bytes, key: Key | None = None) -> str:
        """The signature alone."""
        return base64_hmac(f"{self.salt}signer", value, key or self.key, algorithm=self.algorithm)

    def sign(self, value: str) -> str:
        """The value and its signature."""
        return f"{value}{self.sep}{self.signature(value)}"

    def unsign(self, signed_value: str) -> str:
        """The value, if its signature is ours.

        Raises:
            BadSignature: there is none, or it is not.
        """
        value, separator, signature = signed_value.rpartition(self.sep)
        if not separator:
            raise BadSignature(f"signed value has no {self.sep!r}; expected it before a signature")
        ours = (self.signature(value, key) for key in (self.key, *self.fallback_keys))
        if not any(constant_time_compare(signature, each) for each in ours):
            raise BadSignature(f"signature {signature!r} is not ours")
        return value

    def sign_object(self, obj: Any, serializer: type = JSONSerializer, compress: bool = False) -> str:
        """An object and its signature; compressed if that saves more than the "." that says so."""
        raw: bytes = serializer().dumps(obj)
        packed = zlib.compress(raw) if compress else raw
        is_smaller = len(packed) < len(raw) - 1
        text = b64_encode(packed if is_smaller else raw).decode()
        return self.sign(f".{text}" if is_smaller else text)

    def unsign_object(self, signed_obj: str, serializer: type = JSONSerializer, **kwargs: Any) -> Any:
        """The object, if its signature is ours; keywords go to `unsign`.

        Raises:
            BadSignature: there is none, or it is not.
        """
        text = self.unsign(signed_obj, **kwargs).encode()
        raw = b64_decode(text.removeprefix(b"."))
        # No limit to what comes out: it was signed, so it was we who compressed it.
        return serializer().loads(zlib.decompress(raw) if text.startswith(b".") else raw)


def _class_salt(signer_class: type) -> str:
    """The class's dotted name, ours as Django's: signatures made there are read here."""
    name = f"{signer_class.__module__}.{signer_class.__name__}"
    return re.sub(r"^penstock\.web\.", "django.", name)


class TimestampSigner(Signer):
    """Signs text with the time of signing."""

    def timestamp(self) -> str:
        """Now, in seconds, in base 62."""
        return b62_encode(int(time.time()))

    def sign(self, value: str) -> str:
        """The value, the time and the signature of both."""
        return super().sign(f"{value}{self.sep}{self.timestamp()}")

    def unsign(self, signed_value: str, max_age: float | dt.timedelta | None = None) -> str:
        """The value, if its signature is ours and not too old.

        Raises:
            BadSignature: there is none, or it is not.
            SignatureExpired: it is older than `max_age` (seconds, or a timedelta).
        """
        value, _, timestamp = super().unsign(signed_value).rpartition(self.sep)
        if max_age is None:
            return value
        seconds = max_age.total_seconds() if isinstance(max_age, dt.timedelta) else max_age
        age = time.time() - b62_decode(timestamp)
        if age > seconds:
            raise SignatureExpired(f"signature is {age:.0f} s old; expected at most {seconds} s")
        return value
