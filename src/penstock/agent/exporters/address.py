"""Where a collector is, and what it is sent along.

In:     texts of the configuration.
Out:    CollectorAddress.
Never:  resolves a name.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)")
_OURS: Final = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding"}
)


class OTLPOptionError(ValueError):
    """An option cannot be used; its message says which, what came and what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class CollectorAddress:
    """One collector.

    Attributes:
        host: name or address.
        port: of TCP.
        is_secure: TLS, with the system's certificates.
        path: that `/v1/traces` is appended to; without a slash at its end.
        fields: header fields sent along.
    """

    host: str
    port: int
    is_secure: bool
    path: str
    fields: Mapping[str, str]


def parse_collector_address(endpoint: str, headers: Iterable[str] = ()) -> CollectorAddress:
    """Read `otlp_endpoint` and `otlp_headers`.

    Raises:
        OTLPOptionError: one of them is malformed.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise OTLPOptionError(f"otlp_endpoint {endpoint!r}; expected http://HOST:PORT") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise OTLPOptionError(f"otlp_endpoint {endpoint!r}; expected http://HOST:PORT or https://HOST:PORT")
    if not re.fullmatch(r"[\x21-\x7e]+", endpoint):
        raise OTLPOptionError(f"otlp_endpoint {endpoint!r}; expected printable ASCII without spaces")
    return CollectorAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        is_secure=parts.scheme == "https",
        path=parts.path.rstrip("/"),
        fields=dict(map(_field, headers)),
    )


def service_of(application: str) -> str:
    """The name of a service that was given none: the module of `module:callable`."""
    return application.partition(":")[0] or "penstock"


def _field(text: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(text)
    if found is None:
        name = text.partition(":")[0]  # what stands behind it may be a secret
        raise OTLPOptionError(f"otlp_headers with {name!r}; expected `Name: value`")
    if found[1].lower() in _OURS:
        raise OTLPOptionError(f"otlp_headers with {found[1]!r}; expected none of {', '.join(sorted(_OURS))}")
    return found[1], found[2]
