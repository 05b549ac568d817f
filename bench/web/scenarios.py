"""What is asked of whom, and what the figures have to keep.

In:     nothing.
Out:    SCENARIOS by name; a Bar is a ratio of two rows of one scenario.
"""

from dataclasses import dataclass
from typing import Final

from bench.web.sites import FIVE

OURS: Final = "penstock.web"
RIGHT_COOKIE: Final = "csrftoken=" + "aB3dE6gH" * 4
WRONG_COOKIE: Final = "csrftoken=short"


@dataclass(frozen=True, slots=True)
class Row:
    """One site and what it is asked: each route in turn, or one of them."""

    label: str
    framework: str
    routes: int = 51
    only_route: int | None = None
    middlewares: tuple[str, ...] = ()
    cookie: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """`row` must take at most `limit` times what `other` takes."""

    row: str
    other: str
    limit: float
    is_aim: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rows that are measured in one interleaved run."""

    title: str
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]


def _pair(cookie: str | None) -> tuple[Row, ...]:
    return tuple(Row(framework, framework, middlewares=FIVE, cookie=cookie) for framework in (OURS, "Django"))


def _five(cookie: str | None) -> Scenario:
    says = {None: "no cookie", RIGHT_COOKIE: "a csrf cookie", WRONG_COOKIE: "a csrf cookie of a wrong form"}
    return Scenario(
        f"Security, sessions, common, csrf, clickjacking; {says[cookie]}",
        _pair(cookie),
        (Bar(OURS, "Django", 0.2), Bar(OURS, "Django", 0.15, is_aim=True)),
    )


SCENARIOS: Final = {
    "bare": Scenario(
        "No middleware, 51 routes asked in turn",
        tuple(Row(name, name) for name in (OURS, "Django", "Flask", "Bottle", "Falcon")),
        (
            Bar(OURS, "Django", 0.17),
            Bar(OURS, "Bottle", 0.9),
            Bar(OURS, "Falcon", 1.0, is_aim=True),
        ),
    ),
    "five": _five(None),
    "five-cookie": _five(RIGHT_COOKIE),
    "five-wrong-cookie": _five(WRONG_COOKIE),
    "routes": Scenario(
        "The first and the last of 1,000 routes",
        tuple(
            Row(f"{name}, {place}", name, routes=1000, only_route=route)
            for name in (OURS, "Django", "Flask", "Bottle", "Falcon")
            for place, route in (("first", 0), ("last", 999))
        ),
        (Bar(f"{OURS}, last", f"{OURS}, first", 1.2),),
    ),
}
