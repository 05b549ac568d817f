"""Options of the WSGI seam."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WSGIConfig:
    """What the environ says beyond the request."""

    trusted_proxies: tuple[str, ...] = option(
        (),
        help="peers whose Forwarded and X-Forwarded-* fields are believed: addresses, CIDR, or `unix`",
        reason="nobody is trusted unless named; anything else lets a client choose its own address",
        flag="trusted-proxies",
    )
    forwarding_fields: tuple[str, ...] = option(
        (
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-real-ip",
        ),
        help="forwarding fields that the trusted proxies set or append to; the others are removed",
        reason="all, as most proxies are told; leave out what yours passes along as the client sent it",
    )
    script_name: str = option(
        "",
        help="path below which the application is mounted (SCRIPT_NAME)",
        reason="most applications have a host of their own",
    )
    request_id_response: bool = option(
        False,
        help="return the request id as X-Request-ID",
        reason="not every operator wants to show it",
    )
