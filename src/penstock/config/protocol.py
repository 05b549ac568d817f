"""Limits of the HTTP/1.1 parser, one status each (RFC 9112 section 3: 414, 431; RFC 9110: 413)."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolConfig:
    """What the protocol layer refuses before anything else has to look at it."""

    max_request_line_bytes: int = option(
        8192,
        help="longest request line",
        reason="RFC 9112 section 3 asks for at least 8000; nginx reads 8 KiB",
        unit="bytes",
        minimum=64,
        maximum=65536,
    )
    max_fields: int = option(
        100,
        help="most header fields of a request",
        reason="gunicorn and h11 stop at 100",
        unit="count",
        minimum=1,
        maximum=10000,
    )
    max_head_bytes: int = option(
        32768,
        help="longest head: request line and fields together",
        reason="nginx: 4 buffers of 8 KiB",
        unit="bytes",
        minimum=256,
        maximum=1 << 20,
    )
    max_body_bytes: int = option(
        1 << 30,
        help="longest request body",
        reason="an upload of 1 GiB is ordinary; a larger one is asked for",
        unit="bytes",
        minimum=0,
    )
    max_chunk_line_bytes: int = option(
        1024,
        help="longest chunk size line, extensions included",
        reason="extensions are unused in practice and were an attack (CVE-2023-39326)",
        unit="bytes",
        minimum=16,
    )
    max_trailer_bytes: int = option(
        8192,
        help="longest trailer section",
        reason="as a request line; trailers are read and dropped",
        unit="bytes",
        minimum=0,
    )
    max_memo_entries: int = option(
        4096,
        help="header lines remembered as parsed; the table is dropped whole when full",
        reason="lines of 256 bytes that never repeat fill 4 MiB of a worker, ordinary ones half of it",
        unit="count",
        minimum=0,
    )
    max_memo_line_bytes: int = option(
        256,
        help="longest header line that is remembered",
        reason="a user agent is about 120 bytes",
        unit="bytes",
        minimum=0,
    )
