"""Hosts: is this one of ours?

A host that is taken from a request ends up in links, mails and redirects; one that was not checked sends
people to the attacker's.

In:     the value of a Host field and ALLOWED_HOSTS.
Out:    domain and port, or a yes or no.
Never:  resolves a name.

Rules:  RFC 3986 section 3.2.2 as far as browsers use it; Django's ALLOWED_HOSTS.
"""

import re
from collections.abc import Iterable
from typing import Final

from penstock.web.conf import settings
from penstock.web.core.exceptions import DisallowedHost
from penstock.web.utils.http import is_same_domain

_HOST: Final = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")

# With DEBUG and without ALLOWED_HOSTS: this machine, as browsers may call it.
_DEBUG_HOSTS: Final = [".localhost", "127.0.0.1", "[::1]"]

# A domain with a wildcard lets anyone think up hosts; no more of them are kept.
_MAX_KNOWN_HOSTS: Final = 1000
_MAX_KNOWN_LENGTH: Final = 300  # a name has 253 characters at most (RFC 1035), and a port five digits


def split_domain_port(host: str) -> tuple[str, str]:
    """Return the domain, lower-case and without its last dot, and the port; "" and "" for what is no host."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return "", ""
    domain, port = match.groups(default="")
    return domain.removesuffix("."), port


def validate_host(host: str, allowed_hosts: Iterable[str]) -> bool:
    """Tell whether a domain is among the allowed: itself, below ".example.com", or "*"."""
    return any(pattern == "*" or is_same_domain(host, pattern) for pattern in allowed_hosts)


class _KnownHosts:
    """The hosts that were found to be allowed, under the settings of then."""

    __slots__ = ("allowed", "debug", "hosts")

    def __init__(self, allowed: list[str], *, debug: bool) -> None:
        self.allowed = allowed
        self.debug = debug
        self.hosts: set[str] = set()

    def add(self, host: str) -> None:
        """Remember a host, unless it is long: a port may have as many digits as a header takes."""
        if len(host) > _MAX_KNOWN_LENGTH:
            return
        if len(self.hosts) >= _MAX_KNOWN_HOSTS:
            self.hosts.clear()
        self.hosts.add(host)


class _Latest:
    """The known hosts under the settings of now, replaced as one: a thread goes on with those that it has."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known = _KnownHosts([], debug=False)

    def get(self) -> _KnownHosts:
        """Return them; none are known yet if settings have changed.

        The list is compared, not a revision: programs also change it in place.
        """
        known = self.known
        if known.allowed != settings.ALLOWED_HOSTS or known.debug != settings.DEBUG:
            known = self.known = _KnownHosts(list(settings.ALLOWED_HOSTS), debug=settings.DEBUG)
        return known


_latest: Final = _Latest()


def check_host(host: str) -> None:
    """Accept a host (with a port, maybe) that ALLOWED_HOSTS allows.

    Raises:
        DisallowedHost: any other; the message says what to add.
    """
    known = _latest.get()
    if host in known.hosts:
        return
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = _DEBUG_HOSTS
    domain, _ = split_domain_port(host)
    if domain and validate_host(domain, allowed):
        known.add(host)
        return
    message = f"Invalid HTTP_HOST header: {host!r}."
    if domain:
        message += f" You may need to add {domain!r} to ALLOWED_HOSTS."
    else:
        message += " The domain name provided is not valid according to RFC 1034/1035."
    raise DisallowedHost(message)
