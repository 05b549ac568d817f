"""What a server says when it is ready: what is served, where, by how many, and how to stop it.

In:     a configuration; addresses as they were opened.
Out:    some lines on standard error.
Never:  raises: a closed terminal is no reason to stop serving.
"""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence

from penstock import __version__
from penstock.config import Config
from penstock.server.address import TCPAddress, parse_address


def banner(config: Config, target: str, addresses: Sequence[str], ops: str = "") -> str:
    """Return the lines that say what is served, where, by how many, and how to stop it."""
    server = config.server
    ops_line = f"  ops     {location(ops)}\n" if ops else ""
    return (
        f"penstock {__version__} serves {target} with {_count(server.workers, 'worker')}"
        f" of {_count(server.threads, 'thread')}\n"
        f"  at      {'  '.join(map(location, addresses))}\n"
        f"{ops_line}"
        f"  stop    Ctrl-C, or `kill {os.getpid()}` to let running requests finish\n"
        f"  status  penstock status\n"
    )


def announcer(config: Config, target: str, ops: str = "") -> Callable[[Sequence[str]], None]:
    """Return what the master calls with its addresses when all workers are ready."""

    def announce(addresses: Sequence[str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal is no reason to stop serving
            sys.stderr.write(banner(config, target, addresses, ops))
            sys.stderr.flush()

    return announce


def location(word: str) -> str:
    """Return an address as one would open it: a URL for a TCP address."""
    address = parse_address(word)
    if not isinstance(address, TCPAddress):
        return word
    return f"http://{dataclasses.replace(address, host=address.host or '0.0.0.0')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
