"""The requests that are sent, byte for byte, built before the clock runs.

A client that repeats one request flatters every server that remembers what it has seen, ours first. So a
scenario's traffic is a few thousand different requests that the client cycles through: fifty users, each with
a browser, a language and a session of their own; other paths and referers; a fresh request id each time.

In:     nothing but a seed: every run sends the same bytes.
Out:    a list of requests, or the file that replay.lua and routes.c read.
Never:  opens a socket.
"""

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SEED: Final = 2
HOST: Final = "www.example.com"
USER_COUNT: Final = 50
BROWSING_COUNT: Final = 4_000
FLOOD_COUNT: Final = 20_000  # 300,000 different lines: no bounded table sees one twice
UPLOAD_COUNT: Final = 400
UPLOAD_BYTES: Final = 10_240
SLOW_ROUTE_SHARE: Final = 0.10

QUICK: Final = "q"
SLOW: Final = "s"

AGENTS: Final = (
    ("Windows", "Windows NT 10.0; Win64; x64", 139),
    ("Windows", "Windows NT 10.0; Win64; x64", 138),
    ("macOS", "Macintosh; Intel Mac OS X 10_15_7", 139),
    ("macOS", "Macintosh; Intel Mac OS X 10_15_7", 137),
    ("Linux", "X11; Linux x86_64", 139),
    ("Android", "Linux; Android 10; K", 139),
    ("Android", "Linux; Android 10; K", 136),
    ("Chrome OS", "X11; CrOS x86_64 14541.0.0", 138),
)
LANGUAGES: Final = (
    "en-US,en;q=0.9",
    "en-GB,en;q=0.8",
    "de-DE,de;q=0.9,en;q=0.7",
    "fr-FR,fr;q=0.9",
    "ja,en-US;q=0.7",
    "pt-BR,pt;q=0.9",
)
PLACES: Final = ("/", "/articles/{n}/", "/users/{n}/", "/search", "/orders/{n}/items/{m}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes onto the wire, with the kind that its latency is filed under."""

    raw: bytes
    kind: str = QUICK


@dataclass(frozen=True, slots=True)
class User:
    """What stays the same between two requests of one browser."""

    session: str
    lines: tuple[str, ...]


def bare() -> list[Request]:
    """One header, always the same."""
    return [Request(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())]


def browsing() -> list[Request]:
    """Fifteen headers of fifty users who walk about."""
    return _walk(BROWSING_COUNT, lambda rng: (_place(rng), QUICK))


def two_routes() -> list[Request]:
    """The same users; one request in ten, at random places, asks for a path below /slow/."""
    slow = set(random.Random(SEED).sample(range(BROWSING_COUNT), int(BROWSING_COUNT * SLOW_ROUTE_SHARE)))
    numbers = itertools.count()
    return _walk(BROWSING_COUNT, lambda rng: _either_route(rng, is_slow=next(numbers) in slow))


def readers() -> list[Request]:
    """The same users; each request carries a query parameter for the Django view."""
    return _walk(BROWSING_COUNT, lambda rng: (f"{_place(rng)}?reader=reader-{rng.randrange(1000)}", QUICK))


def things() -> list[Request]:
    """The same users, asking a site of 51 routes (bench/web/sites.py)."""
    return _walk(
        BROWSING_COUNT,
        lambda rng: (f"/thing{rng.randrange(51)}/{rng.randrange(1000)}/?q={rng.getrandbits(32):x}", QUICK),
    )


def uploads() -> list[Request]:
    """Ten kilobytes of JSON posted by the same users."""
    rng = random.Random(SEED)
    users = _users(rng)
    requests = []
    for _ in range(UPLOAD_COUNT):
        body = _document(rng)
        lines = (
            *_lines(rng, rng.choice(users))[:-2],
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        requests.append(Request(_head("POST", "/documents", lines) + body))
    return requests


def flood() -> list[Request]:
    """Fifteen headers, and no line but Host that was ever sent before: a memo table only costs here."""
    rng = random.Random(SEED)
    return [
        Request(_head("GET", f"/{rng.getrandbits(64):x}", _strange_lines(rng))) for _ in range(FLOOD_COUNT)
    ]


def write_requests(requests: list[Request], path: Path) -> None:
    """Write the file that the clients read: for each request `length kind LF`, then its bytes."""
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%08d %s\n" % (len(request.raw), request.kind.encode()))
            file.write(request.raw)


def _walk(count: int, choose: Callable[[random.Random], tuple[str, str]]) -> list[Request]:
    rng = random.Random(SEED)
    users = _users(rng)
    requests = []
    for _ in range(count):
        target, kind = choose(rng)
        requests.append(Request(_head("GET", target, _lines(rng, rng.choice(users))), kind))
    return requests


def _users(rng: random.Random) -> list[User]:
    return [_user(rng) for _ in range(USER_COUNT)]


def _user(rng: random.Random) -> User:
    platform, system, version = rng.choice(AGENTS)
    brands = f'"Not;A=Brand";v="99", "Google Chrome";v="{version}", "Chromium";v="{version}"'
    agent = (
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    )
    lines = (
        "Connection: keep-alive",
        f"sec-ch-ua: {brands}",
        f'sec-ch-ua-platform: "{platform}"',
        "Upgrade-Insecure-Requests: 1",
        f"User-Agent: {agent}",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Accept-Language: {rng.choice(LANGUAGES)}",
    )
    return User(session=f"{rng.getrandbits(160):040x}", lines=lines)


def _lines(rng: random.Random, user: User) -> tuple[str, ...]:
    """Fifteen lines with Host; the last two are the least needed."""
    return (
        f"Host: {HOST}",
        f"Cookie: sessionid={user.session}",
        f"X-Request-ID: {rng.getrandbits(128):032x}",
        *user.lines[:-1],
        f"Referer: https://{HOST}{_place(rng)}",
        user.lines[-1],
    )


def _strange_lines(rng: random.Random) -> tuple[str, ...]:
    names = [line.partition(":")[0] for line in _user(rng).lines if not line.startswith("Connection")]
    fresh = (
        f"{name}: {rng.getrandbits(128):032x}"
        for name in (*names, "Referer", "Cookie", "X-Request-ID", "X-Trace")
    )
    return (f"Host: {HOST}", *fresh)


def _head(method: str, target: str, lines: tuple[str, ...]) -> bytes:
    if len(lines) != 15:
        raise ValueError(f"{len(lines)} header lines; expected 15, as the scenario says")
    return "\r\n".join((f"{method} {target} HTTP/1.1", *lines, "", "")).encode("latin-1")


def _place(rng: random.Random) -> str:
    return rng.choice(PLACES).format(n=rng.randrange(200), m=rng.randrange(9))


def _either_route(rng: random.Random, *, is_slow: bool) -> tuple[str, str]:
    return (f"/slow/{rng.randrange(200)}/", SLOW) if is_slow else (_place(rng), QUICK)


def _document(rng: random.Random) -> bytes:
    """JSON of exactly UPLOAD_BYTES bytes: records, and a filler that makes up the rest."""
    records = [
        {"id": rng.getrandbits(32), "name": f"item {n}", "price": n / 4, "tags": ["a", "b"]}
        for n in range(120)
    ]
    empty = json.dumps({"records": records, "filler": ""})
    return json.dumps({"records": records, "filler": "x" * (UPLOAD_BYTES - len(empty))}).encode()
