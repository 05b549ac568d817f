"""The small grammars of HTTP: dates, etags, parameters, and which addresses are one's own.

In:     header values, query values, URLs that a client sent.
Out:    parsed values; False, None or ValueError for what does not keep to the grammar.
Never:  follows or fetches an address.

Rules:  RFC 9110 section 5.6.7 (dates), 8.8.3 (etags), 5.6.6 (parameters); RFC 8187 (`name*=`);
        RFC 6266 (Content-Disposition).  Django's names.
"""

import base64
import binascii
import codecs
import datetime as dt
import functools
import math
import re
import time
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit
from urllib.parse import urlencode as _urlencode

from penstock.web.utils.datastructures import MultiValueDict

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
RFC3986_GENDELIMS = ":/?#[]@"
RFC3986_SUBDELIMS = "!$&'()*+,;="
MAX_URL_LENGTH = 2048  # characters of an address that is looked at; Django's
MAX_URL_REDIRECT_LENGTH = 16384  # characters of an address that is redirected to; Django's

_ETAG: Final = re.compile(r'(?:W/)?"[^"]*"')
_CLOCK: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DATES: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"\w{{3}}, (?P<day>[0-9]{{2}}) (?P<month>\w{{3}}) (?P<year>[0-9]{{4}}) {_CLOCK} GMT",  # IMF-fixdate
        rf"\w{{6,9}}, (?P<day>[0-9]{{2}})-(?P<month>\w{{3}})-(?P<year>[0-9]{{2}}) {_CLOCK} GMT",  # RFC 850
        rf"\w{{3}} (?P<month>\w{{3}}) (?P<day>[0-9 ][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})",  # asctime-date
    )
)
_MAX_BASE36_DIGITS: Final = 13  # 36**13 > 2**64: longer ones are refused before Python reads them
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


# -- addresses -------------------------------------------------------------------------------------


def urlencode(query: Any, doseq: bool = False) -> str:
    """Encode pairs as a query string.

    Args:
        query: a mapping or pairs; of a MultiValueDict all values are taken.
        doseq: a value that can be iterated gives a pair for each of its items.

    Raises:
        TypeError: a value is None, which has no text form that everybody would agree on.
    """
    if isinstance(query, MultiValueDict):
        query = query.lists()
    elif isinstance(query, Mapping):
        query = query.items()
    return _urlencode([(key, _query_value(key, value, split=doseq)) for key, value in query], doseq)


def _query_value(key: Any, value: Any, *, split: bool) -> Any:
    if value is None:
        raise TypeError(
            f"Cannot encode None for key '{key}' in a query string. "
            "Did you mean to pass an empty string or omit the value?"
        )
    if isinstance(value, str | bytes) or not split:
        return value
    try:
        items = iter(value)
    except TypeError:
        return value
    return [_query_value(key, item if isinstance(item, bytes) or item is None else str(item), split=False)
            for item in items]  # fmt: skip


def is_same_domain(host: str, pattern: str) -> bool:
    """Tell whether a host is the one of the pattern; ".example.org" means itself and all below it."""
    pattern = pattern.lower()
    if pattern.startswith("."):
        return host.endswith(pattern) or host == pattern[1:]
    return bool(pattern) and host == pattern


def url_has_allowed_host_and_scheme(
    url: str | None, allowed_hosts: str | Iterable[str] | None, require_https: bool = False
) -> bool:
    """Tell whether a redirect to an address stays on one of the hosts, as every browser would read it.

    Browsers take a backslash for a slash and leave out control characters, so both readings must be harmless.
    """
    url = url.strip() if url else ""
    if not url:
        return False
    hosts = {allowed_hosts} if isinstance(allowed_hosts, str) else set(allowed_hosts or ())
    schemes = ("https",) if require_https else ("http", "https")
    return all(_stays(reading, hosts, schemes) for reading in (url, url.replace("\\", "/")))


def _stays(url: str, hosts: set[str], schemes: tuple[str, ...]) -> bool:
    """Tell whether an address is a path, or names one of the hosts under one of the schemes."""
    if len(url) > MAX_URL_LENGTH or _is_control(url[0]):
        return False
    if url.startswith("///"):  # a path for urlsplit, and "example.com" in "///example.com" a host for Chrome
        return False
    try:
        scheme, host, *_ = urlsplit(url)
    except ValueError:  # brackets that hold no IPv6 address
        return False
    if not host:  # a scheme alone runs code, or is "http:///example.com", which has a host for browsers
        return not scheme
    return host in hosts and (scheme or "http") in schemes


def _is_control(character: str) -> bool:
    return unicodedata.category(character)[0] == "C"


def escape_leading_slashes(url: str) -> str:
    """An address that begins with "//" as one on this host: browsers read "//x" as the host x."""
    return "/%2F" + url[2:] if url.startswith("//") else url


# -- dates -----------------------------------------------------------------------------------------


def http_date(epoch_seconds: float | None = None) -> str:
    """A time in seconds since the epoch (now by default) as an IMF-fixdate."""
    return _date_of_second(math.floor(time.time() if epoch_seconds is None else epoch_seconds))


@functools.lru_cache(maxsize=64)  # answers of one second share their dates
def _date_of_second(second: int) -> str:
    moment = dt.datetime.fromtimestamp(second, dt.UTC)
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1].title()  # in English, whatever the locale
    return f"{day}, {moment:%d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"


def parse_http_date(date: str) -> int:
    """The seconds since the epoch of a date in any of the three forms of RFC 9110 section 5.6.7.

    Raises:
        ValueError: it is in none of them, or there is no such day or time.
    """
    found = next((match for form in _DATES if (match := form.fullmatch(date))), None)
    if found is None:
        raise ValueError(f"date {date!r}; expected one of the three forms of an HTTP date")
    day, hour, minute, second = (int(found[part]) for part in ("day", "hour", "minute", "second"))
    try:
        month = MONTHS.index(found["month"].lower()) + 1
        year = _full_year(int(found["year"]), len(found["year"]))
        moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError as error:
        raise ValueError(f"date {date!r}: {error}") from error
    return int(moment.timestamp())


def _full_year(year: int, digits: int) -> int:
    """A year of two digits is the one nearest below fifty years from now (RFC 9110 section 5.6.7)."""
    if digits == 4:
        return year
    now = dt.datetime.now(dt.UTC).year
    year += now - now % 100
    return year - 100 if year - now > 50 else year


def parse_http_date_safe(date: str | None) -> int | None:
    """Do as `parse_http_date` does; None for what is no date."""
    try:
        return parse_http_date(date) if date is not None else None
    except ValueError:
        return None


# -- numbers and bytes as text ---------------------------------------------------------------------


def base36_to_int(s: str) -> int:
    """The number that base-36 digits mean.

    Raises:
        ValueError: a character is no digit, or there are more than 13.
    """
    if len(s) > _MAX_BASE36_DIGITS:
        raise ValueError(f"base-36 number of {len(s)} digits; expected at most {_MAX_BASE36_DIGITS}")
    return int(s, 36)


def int_to_base36(i: int) -> str:
    """A number in base 36.

    Raises:
        ValueError: it is negative.
    """
    if i < 0:
        raise ValueError(f"{i} in base 36; expected a number from 0")
    digits = ""
    while True:
        i, digit = divmod(i, 36)
        digits = _BASE36[digit] + digits
        if not i:
            return digits


def urlsafe_base64_encode(s: bytes) -> str:
    """Base 64 with "-" and "_", without padding."""
    return base64.urlsafe_b64encode(s).rstrip(b"=").decode("ascii")


def urlsafe_base64_decode(s: str | bytes) -> bytes:
    """The bytes of unpadded base 64.

    Raises:
        ValueError: it is no base 64.
    """
    raw = s.encode() if isinstance(s, str) else s
    try:
        return base64.urlsafe_b64decode(raw.ljust(len(raw) + len(raw) % 4, b"="))
    except (LookupError, binascii.Error) as error:
        raise ValueError(error) from error


# -- header values ---------------------------------------------------------------------------------


def parse_etags(etag_str: str) -> list[str]:
    """The entity tags of If-Match or If-None-Match, quotes and W/ kept; ["*"] for "*"."""
    if etag_str.strip() == "*":
        return ["*"]
    return [tag for item in etag_str.split(",") if _ETAG.fullmatch(tag := item.strip())]


def quote_etag(etag_str: str) -> str:
    """An entity tag in quotes; one that has them is left alone."""
    return etag_str if _ETAG.fullmatch(etag_str) else f'"{etag_str}"'


def parse_header_parameters(line: str) -> tuple[str, dict[str, Any]]:
    """The value before the first ";", lower-case, and its parameters by name.

    A parameter `name*=charset'language'percent-encoded` is decoded (RFC 8187) and stored as `name`.

    Raises:
        ValueError: the charset of a parameter is not known.
    """
    if ";" not in line:  # most content types, and the parser below costs 20 us
        return line.strip().lower(), {}
    from email.message import Message  # a site without forms never needs the mail parser

    message = Message()
    message["content-type"] = line
    (value, _), *parameters = message.get_params(failobj=[("", "")])
    return value.lower(), {name: _decoded(raw) for name, raw in parameters if name}


def _decoded(value: str | tuple[str | None, str | None, str]) -> str:
    if isinstance(value, str):
        return value
    try:
        codecs.lookup(value[0] or "ascii")  # else the standard library reads it as ASCII and says nothing
    except LookupError as error:
        raise ValueError(f"parameter charset {value[0]!r}; expected one that Python knows") from error
    from email.utils import collapse_rfc2231_value

    return collapse_rfc2231_value(value)


def content_disposition_header(as_attachment: bool, filename: str | None) -> str | None:
    """The value of Content-Disposition, or None for an inline body without a name (RFC 6266)."""
    kind = "attachment" if as_attachment else "inline"
    if not filename:
        return kind if as_attachment else None
    if filename.isascii() and filename.isprintable():
        escaped = filename.replace("\\", "\\\\").replace('"', r"\"")
        return f'{kind}; filename="{escaped}"'
    return f"{kind}; filename*=utf-8''{quote(filename)}"
