"""Interleaved rounds: each site in turn answers a few hundred requests, and the CPU of that is taken.

process_time counts this process alone, so neighbours on the machine disturb only through the caches; and each
ratio is made of two rounds that are neighbours in time.

In:     sites, environs that they are asked in turn.
Out:    microseconds of CPU per request, one a round.
Never:  counts what the asking costs: the figure of a site that does nothing is subtracted in the report.
"""

import gc
import io
import time
from collections.abc import Sequence
from typing import Any

from bench.traffic import HOST
from bench.web.sites import Site

# What a browser sends: 15 fields.
FIELDS = {
    "HTTP_HOST": HOST,
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_CACHE_CONTROL": "max-age=0",
    "HTTP_SEC_CH_UA": '"Chromium";v="126", "Not.A/Brand";v="8"',
    "HTTP_SEC_CH_UA_MOBILE": "?0",
    "HTTP_SEC_CH_UA_PLATFORM": '"Linux"',
    "HTTP_UPGRADE_INSECURE_REQUESTS": "1",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "HTTP_SEC_FETCH_SITE": "same-origin",
    "HTTP_SEC_FETCH_MODE": "navigate",
    "HTTP_SEC_FETCH_DEST": "document",
    "HTTP_REFERER": f"https://{HOST}/",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_ACCEPT_LANGUAGE": "de,en;q=0.8",
}


def make_environ(index: int, cookie: str | None = None) -> dict[str, Any]:
    """Return the environ of GET /thing<index>/7/?q=hello, as a WSGI server makes it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/thing{index}/7/",
        "QUERY_STRING": "q=hello",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **FIELDS,
    }
    if cookie is not None:
        environ["HTTP_COOKIE"] = cookie
    return environ


def check(site: Site, environ: dict[str, Any]) -> None:
    """Ask once and look at the answer.

    Raises:
        ValueError: it is another than the site's.
    """
    said: list[str] = []
    site.enter()
    result = site.application(environ.copy(), lambda status, _headers, _exc_info=None: said.append(status))
    body = b"".join(result)
    if hasattr(result, "close"):
        result.close()
    if said != ["200 OK"] or body != b"thing 7 hello":
        raise ValueError(f"{site.name} answers {said!r} {body!r}; expected 200 OK and b'thing 7 hello'")


def measure(
    questions: Sequence[tuple[Site, Sequence[dict[str, Any]]]], *, rounds: int, turns: int
) -> list[list[float]]:
    """Ask each site its environs, `turns` times over in each round; return microseconds by site and round."""
    for site, environs in questions:
        check(site, environs[0])
        _ask(site, environs, 2)
    samples: list[list[float]] = [[] for _ in questions]
    for number in range(rounds):
        # Everybody comes first once.
        for place in range(len(questions)):
            index = (place + number) % len(questions)
            site, environs = questions[index]
            seconds = _ask(site, environs, turns)
            samples[index].append(1e6 * seconds / (turns * len(environs)))
    return samples


def _ask(site: Site, environs: Sequence[dict[str, Any]], turns: int) -> float:
    site.enter()
    application = site.application
    join = b"".join
    gc.collect()
    started = time.process_time()
    for _ in range(turns):
        for environ in environs:
            result = application(environ.copy(), _start_response)
            join(result)
            if hasattr(result, "close"):
                result.close()
    return time.process_time() - started


def _start_response(_status: str, _headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
    """Take the head as a server does; what it does with it is not measured."""
