"""Requests put together by chance from the pieces of the other chapters: what they do to each other.

The seed is fixed, so that a scenario keeps its name; PENSTOCK_SEED=<number> tries others.
"""

import os
import random
from collections.abc import Iterator

from tests.web.differential.scenario import Scenario
from tests.web.differential.scenarios import answers, failures, hooks, paths, requests, stock

SEED = int(os.environ.get("PENSTOCK_SEED", "20"))
COUNT = 2000
PAGES = ("/token/", "/exempt/", "/session/count/", "/session/peek/", "/session/leave/", "/framed/",
    "/posting/",
         "/never/", "/async/", "/echo/", "/echo/", "/plain/", "/plain/", "/plain")  # fmt: skip
STOCK = [
    *answers.STOCK.values(),
    "{}.middleware.gzip.GZipMiddleware",
    "specimen.Alpha",
    "specimen.Beta",
    "specimen.Gamma",
    "specimen.Hooks",
    "specimen.MoreHooks",
    "specimen.function_middleware",
    "specimen.AsyncOnly",
]
PLACES = ("view", *(f"{name}.{hook}" for name in ("Alpha", "Beta", "Gamma") for hook in hooks.HOOKS),
          "Hooks.process_request", "MoreHooks.process_response")  # fmt: skip
ACTIONS = (
    *hooks.ACTIONS,
    *failures.ERRORS,
    "closing",
    "stream",
    "other-urlconf",
    "respond-404",
    "broken-template",
)
SETTINGS = (
    {"DEBUG_PROPAGATE_EXCEPTIONS": True},
    {"ROOT_URLCONF": "specimen_own_errors"},
    {"ROOT_URLCONF": "specimen_template_404"},
    {"ALLOWED_HOSTS": ["*"]},
    {"PREPEND_WWW": True},
    {"SECURE_SSL_REDIRECT": True},
    {"SECURE_HSTS_SECONDS": 60},
    {"SESSION_SAVE_EVERY_REQUEST": True},
    {"CSRF_USE_SESSIONS": True},
    {"FORCE_SCRIPT_NAME": "/forced"},
    {"DATA_UPLOAD_MAX_MEMORY_SIZE": 5},
    {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
)


def scenarios() -> Iterator[Scenario]:
    """The same ones each time."""
    for number in range(COUNT):
        yield by_chance(f"chance-{SEED}-{number}", random.Random(f"{SEED}-{number}"))


def by_chance(name: str, chance: random.Random) -> Scenario:
    """One request, a handful of circumstances."""
    middleware = chance.sample(STOCK, chance.randint(0, 6))
    headers = {**chance.choice(HEADERS), **chance.choice(HEADERS)}
    brought = chance.choice(BODIES)
    plan = {chance.choice(PLACES): chance.choice(ACTIONS) for _ in range(chance.randint(0, 3))}
    settings = {
        key: value for part in chance.sample(SETTINGS, chance.randint(0, 2)) for key, value in part.items()
    }
    return Scenario(
        name,
        path=path_by_chance(chance),
        query=chance.choice(
            ["", "", "show=POST,GET,body,COOKIES", "show=body,POST,FILES,uri&let=", "a=1&a=%e9"]
        ),
        method=brought.get("method", chance.choice(["GET", "GET", "GET", "HEAD", "POST", "PUT"])),
        headers={**headers, **brought.get("headers", {})},
        body=brought.get("body", b""),
        environ={"wsgi.url_scheme": chance.choice(["http", "http", "https"])},
        middleware=middleware,
        settings=settings,
        plan=plan,
        may_show_own_page=True,
        compares_words=False,
        has_file_wrapper=chance.random() < 0.3,
        repeat=chance.choice([1, 1, 2]),
    )


def path_by_chance(chance: random.Random) -> str:
    """A page, an answer, or any path."""
    kind = chance.randrange(4)
    if kind == 0:
        return f"/answer/{chance.choice(answers.NAMES)}/"
    return chance.choice(PAGES) if kind < 3 else chance.choice(list(paths.PATHS.values()))


HEADERS = [
    {},
    {},
    {"Accept-Encoding": "gzip"},
    *answers.CONDITIONS.values(),
    *({"Cookie": cookie} for cookie in requests.COOKIES.values()),
    *({"Host": host} for host in requests.HOSTS.values()),
    *(sent for sent, _ in stock.SENT.values()),
    {"Cookie": "sessionid=abc"},
    {"X-Forwarded-Proto": "https"},
]
BODIES = [
    {},
    {},
    {},
    {},
    *requests.MULTIPART.values(),
    *(requests.form(body) for _, body in stock.SENT.values()),
]
