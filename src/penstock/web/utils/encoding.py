"""Text and bytes, and the percent-encoding of addresses.

In:     str, bytes, or anything that has a text form.
Out:    the other of the two; URLs of ASCII characters.
Never:  loses bytes silently: what cannot be decoded raises, or is kept percent-encoded.

Rules:  RFC 3987 section 3.1 (IRI to URI) and 3.2 (URI to IRI); Django's names.
"""

import codecs
import datetime as dt
import functools
import locale
import re
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from penstock.web.utils.functional import Promise

_PROTECTED: Final = (
    type(None),
    int,
    float,
    Decimal,
    dt.datetime,
    dt.date,
    dt.time,
)
_KEPT_IN_URI: Final = "/#%[]=:;$&()+,!?*@'~"  # reserved, "%" and "~"; letters, digits and "_.-" quote() keeps
_KEPT_IN_PATH: Final = "/:@&+$,-_.!~*'()"  # RFC 3986's pchar without ";" and "=", which split some paths
_KEPT_IN_FILE: Final = "/~!*()'"
_KEPT_IN_BROKEN: Final = b"/#%[]=:;$&()+,!?*@'~"
_ESCAPES: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_SHOWN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~")  # as Django: no digits


class DjangoUnicodeDecodeError(UnicodeDecodeError):
    """A UnicodeDecodeError that says which object it was."""

    def __str__(self) -> str:
        return f"{super().__str__()}. You passed in {self.object!r} ({type(self.object)})"


def is_protected_type(obj: Any) -> bool:
    """Tell whether `strings_only` leaves the object as it is: None, numbers, dates and times."""
    return isinstance(obj, _PROTECTED)


def smart_str(s: Any, encoding: str = "utf-8", strings_only: bool = False, errors: str = "strict") -> Any:
    """Do as `force_str` does, but leave lazy text lazy."""
    return s if isinstance(s, Promise) else force_str(s, encoding, strings_only, errors)


def force_str(s: Any, encoding: str = "utf-8", strings_only: bool = False, errors: str = "strict") -> Any:
    """The text of anything: bytes are decoded, the rest is asked for its str.

    Raises:
        DjangoUnicodeDecodeError: the bytes are not of that encoding.
    """
    if type(s) is str or (strings_only and is_protected_type(s)):
        return s
    if not isinstance(s, bytes):
        return str(s)
    try:
        return s.decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise DjangoUnicodeDecodeError(*error.args) from None


def smart_bytes(s: Any, encoding: str = "utf-8", strings_only: bool = False, errors: str = "strict") -> Any:
    """Do as `force_bytes` does, but leave lazy text lazy."""
    return s if isinstance(s, Promise) else force_bytes(s, encoding, strings_only, errors)


def force_bytes(s: Any, encoding: str = "utf-8", strings_only: bool = False, errors: str = "strict") -> Any:
    """The bytes of anything: text is encoded, bytes (of UTF-8) are recoded, the rest gives its str."""
    if isinstance(s, memoryview):
        return bytes(s)
    if isinstance(s, bytes):
        return s if encoding == "utf-8" else s.decode("utf-8", errors).encode(encoding, errors)
    if strings_only and is_protected_type(s):
        return s
    return str(s).encode(encoding, errors)


def iri_to_uri(iri: Any) -> Any:
    """An address with everything outside ASCII percent-encoded; None stays None.

    What is percent-encoded already stays so: applying it twice changes nothing.
    """
    if iri is None:
        return iri
    return quote(str(iri) if isinstance(iri, Promise) else iri, safe=_KEPT_IN_URI)


def uri_to_iri(uri: Any) -> Any:
    """An address with what may be shown decoded; None stays None.

    Bytes that are not UTF-8 and reserved characters stay percent-encoded: `iri_to_uri` gives the same again.
    """
    if uri is None:
        return uri
    return repercent_broken_unicode(_ESCAPES.sub(_decode_run, force_bytes(uri))).decode()


def _decode_run(run: re.Match[bytes]) -> bytes:
    """Decode the escapes of letters and of bytes above ASCII; RFC 3987 section 3.2, step 2."""
    text = run[0]
    codes = (bytes.fromhex(text[at + 1 : at + 3].decode()) for at in range(0, len(text), 3))
    escapes = (text[at : at + 3] for at in range(0, len(text), 3))
    return b"".join(
        code if code[0] >= 0x80 or code[0] in _SHOWN else escape
        for code, escape in zip(codes, escapes, strict=True)
    )


def escape_uri_path(path: str) -> str:
    """The path of an address with what would end or split it percent-encoded: "?", "#", ";", "=", "%" too."""
    return quote(path, safe=_KEPT_IN_PATH)


@functools.lru_cache(maxsize=128)
def _ascii_domain(domain: str) -> str:
    return domain.encode("idna").decode("ascii")


def punycode(domain: str) -> str:
    """A domain name in ASCII, as IDNA 2003 has it.

    Raises:
        UnicodeError: a label is empty or too long.
    """
    return _ascii_domain(domain)


def repercent_broken_unicode(path: bytes) -> bytes:
    """Percent-encode the bytes that are not UTF-8, and leave the rest.

    One pass: a thousand broken bytes cost a thousand steps, not a thousand decodings of the rest.
    """
    return path.decode(errors="penstock.percent").encode()


def _percent(error: UnicodeError) -> tuple[str, int]:
    """An error handler for decoding: the bytes at fault as percent-escapes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return quote(broken, safe=_KEPT_IN_BROKEN), error.end


codecs.register_error("penstock.percent", _percent)


def filepath_to_uri(path: Any) -> Any:
    """A file's path as the path of an address; backslashes become slashes; None stays None."""
    if path is None:
        return path
    return quote(str(path).replace("\\", "/"), safe=_KEPT_IN_FILE)


def get_system_encoding() -> str:
    """The codec of the locale, or "ascii" where Python has none of that name."""
    try:
        encoding = locale.getlocale()[1] or "ascii"
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return "ascii"


DEFAULT_LOCALE_ENCODING: Final = get_system_encoding()
