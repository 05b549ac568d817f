"""Options of the WSGI seam."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WSGIConfig:
    """What the environ says beyond the request."""

    trusted_proxies: tuple[str, ...] = option(
        (),
        help="peers whose Forwarded and X-Forwarded-* fields are believed: addresses, CIDR networks, or `unix`",
        reason="nobody is trusted unless named; anything else lets a client choose its own address",
        flag="trusted-proxies",
    )
    request_id_response: bool = option(
        False,
        help="return the request id as X-Request-ID",
        reason="not every operator wants to show it",
    )
