"""Addresses: of hosts, pages and people.

In:     text.
Out:    None, or ValidationError.
Never:  asks whether somebody lives there.
Rules:  Django's verdicts; RFC 1123 section 2.1 and RFC 5890 (hosts), RFC 3986 (URLs), RFC 5321 (mail).
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from typing import Any, Final
from urllib.parse import urlsplit

from penstock.web.core.exceptions import ValidationError
from penstock.web.core.validators.equality import EqualByValue
from penstock.web.core.validators.text import RegexValidator

# A label has 1 to 63 characters and no hyphen at either end. The last one has no digits, or is punycode:
# "10.0.0.1" is no name.
_LETTER: Final = "a-z\u00a1-\uffff"
_LABEL: Final = rf"(?!-)[{_LETTER}0-9-]{{1,63}}(?<!-)"
_TOP_LABEL: Final = rf"(?!-)(?:[{_LETTER}-]{{2,63}}|xn--[a-z0-9]{{1,59}})(?<!-)"
_NAME: Final = rf"(?:{_LABEL}\.)+{_TOP_LABEL}"
# Punycode may end in a digit: where nothing else is allowed, the last label may be any.
_ASCII_NAME: Final = r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)"
_BYTE: Final = r"(?:0|25[0-5]|2[0-4][0-9]|1[0-9]{0,2}|[1-9][0-9]?)"
_IPV4: Final = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_USER: Final = r"[^\s:@/]+(?::[^\s:@/]*)?@"
_URL: Final = (
    rf"\A[a-z0-9.+-]*://(?:{_USER})?(?:{_IPV4}|\[[0-9a-f:.]+\]|{_NAME}\.?|localhost)"
    r"(?::[0-9]{1,5})?(?:[/?#]\S*)?\Z"
)

_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 section 3.2.3
# RFC 5322 section 3.2.4, obsolete forms included: controls may be quoted, but no line end.
_QUOTED: Final = r'"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"'
_MAILBOX: Final = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})\Z", re.IGNORECASE)
_MAIL_HOST: Final = re.compile(rf"{_NAME}\Z", re.IGNORECASE)

MAX_DOMAIN_CHARACTERS: Final = 255
MAX_HOST_CHARACTERS: Final = 253  # RFC 3986 section 3.2.2, as it is written
MAX_URL_CHARACTERS: Final = 2048
MAX_EMAIL_CHARACTERS: Final = 320  # RFC 3696 section 3: 64 before the "@", 255 behind it
MAX_IPV6_CHARACTERS: Final = 39


class DomainNameValidator(RegexValidator):
    """Passes the name of a host that has at least one dot; without `accept_idna` in ASCII only."""

    message = "expected the name of a domain"
    regex = rf"\A{_NAME}\.?\Z"
    flags = re.IGNORECASE
    max_length = MAX_DOMAIN_CHARACTERS

    def __init__(self, *, accept_idna: bool = True, **kwargs: Any) -> None:
        self.accept_idna = accept_idna
        self.regex = self.regex if accept_idna else rf"\A{_ASCII_NAME}\.?\Z"
        super().__init__(**kwargs)

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        is_text = isinstance(value, str) and len(value) <= self.max_length
        if not is_text or not (self.accept_idna or value.isascii()):
            raise ValidationError(self.message, code=self.code, params={"value": value})
        super().__call__(value)


class URLValidator(RegexValidator):
    """Passes an absolute URL of one of `schemes`, of at most 2048 characters."""

    message = "expected a URL"
    regex = _URL
    flags = re.IGNORECASE
    schemes: Collection[str] = ("http", "https", "ftp", "ftps")
    unsafe_chars = frozenset("\t\r\n")
    max_length = MAX_URL_CHARACTERS

    def __init__(self, schemes: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schemes = self.schemes if schemes is None else schemes

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        if not isinstance(value, str) or not self._is_url(value):
            raise ValidationError(self.message, code=self.code, params={"value": value})
        super().__call__(value)

    def _is_url(self, value: str) -> bool:
        """Tell whether it may be one, apart from what the pattern says."""
        if len(value) > self.max_length or not self.unsafe_chars.isdisjoint(value):
            return False
        if value.partition("://")[0].lower() not in self.schemes:
            return False
        try:
            host = urlsplit(value).hostname
        except ValueError:  # urlsplit knows IPv6 addresses
            return False
        if host is None or len(host) > MAX_HOST_CHARACTERS:
            return False
        return ":" not in host or _is_ipv6(host)


class EmailValidator(EqualByValue):
    """Passes an address as one types it, of at most 320 characters; `allowlist` has hosts without a dot."""

    message: Any = "expected an e-mail address"
    code: str = "invalid"
    domain_allowlist: Collection[str] = ("localhost",)

    def __init__(
        self, message: Any = None, code: str | None = None, allowlist: Collection[str] | None = None
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.domain_allowlist = self.domain_allowlist if allowlist is None else allowlist

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        if not value or len(value) > MAX_EMAIL_CHARACTERS or not self._is_address(value):
            raise ValidationError(self.message, code=self.code, params={"value": value})

    def _is_address(self, value: str) -> bool:
        mailbox, at, host = value.rpartition("@")
        if not at or not _MAILBOX.match(mailbox):
            return False
        return host in self.domain_allowlist or self.validate_domain_part(host)

    def validate_domain_part(self, domain_part: str) -> bool:
        """Tell whether mail can be sent there: to a name with a dot, or an IP address in brackets."""
        if _MAIL_HOST.match(domain_part):
            return True
        literal = domain_part[1:-1]
        # The zone of RFC 4007 may be any text to Python, and so have line ends in it.
        if domain_part != f"[{literal}]" or "%" in literal:
            return False
        return _is_ipv4(literal) or _is_ipv6(literal)


def _is_ipv4(value: Any) -> bool:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


def _is_ipv6(value: Any) -> bool:
    if not isinstance(value, str | ipaddress.IPv6Address):
        return False
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return len(str(value)) <= MAX_IPV6_CHARACTERS


def validate_ipv4_address(value: Any) -> None:
    """Pass an address like 192.0.2.1."""
    if not _is_ipv4(value):
        _refuse(value, "IPv4")


def validate_ipv6_address(value: Any) -> None:
    """Pass an address like 2001:db8::1."""
    if not _is_ipv6(value):
        _refuse(value, "IPv6")


def validate_ipv46_address(value: Any) -> None:
    """Pass an address of either kind."""
    if not _is_ipv4(value) and not _is_ipv6(value):
        _refuse(value, "IPv4 or IPv6")


def _refuse(value: Any, protocol: str) -> None:
    params = {"protocol": protocol, "value": value}
    raise ValidationError("expected an %(protocol)s address", code="invalid", params=params)


def ip_address_validators(protocol: str, unpack_ipv4: bool) -> list[Callable[[Any], None]]:
    """Return the validators of "both", "ipv4" or "ipv6".

    Raises:
        ValueError: another protocol, or `unpack_ipv4` with one that is not "both".
    """
    if unpack_ipv4 and protocol != "both":
        raise ValueError(f"unpack_ipv4 with protocol {protocol!r}; expected 'both'")
    validators = {
        "both": validate_ipv46_address,
        "ipv4": validate_ipv4_address,
        "ipv6": validate_ipv6_address,
    }
    found = validators.get(protocol.lower())
    if found is None:
        raise ValueError(f"protocol {protocol!r}; expected one of: {', '.join(validators)}")
    return [found]


validate_domain_name: Final = DomainNameValidator()
validate_email: Final = EmailValidator()
