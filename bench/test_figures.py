"""Checks of the pure parts: `python -m pytest bench`. Nothing is started here."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench import applications, bars, report, rounds, traffic
from bench.scenarios import SCENARIOS, participants
from bench.servers import SERVERS, Running


def record(**rates: list[float]) -> dict[str, Any]:
    servers = {
        name.replace("_", "-"): {"skipped": "", "samples": [{"cpu_us": r} for r in row]}
        for name, row in rates.items()
    }
    return {"scenario": "hello-15", "servers": servers}


def test_order_of_rounds_lets_every_server_come_first() -> None:
    running = cast("list[Running]", [SimpleNamespace(name=name) for name in "abc"])
    firsts = [rounds.rotated(running, turn)[0] for turn in range(3)]
    assert firsts == running


def test_ratio_is_taken_round_by_round() -> None:
    assert bars.quotients(record(penstock=[10, 30], bjoern=[10, 10]), "penstock", "bjoern", "cpu_us") == [
        1,
        3,
    ]


@pytest.mark.parametrize(
    ("cpu_us", "passed"), [(13.0, True), (13.001, False)], ids=["at-the-bar", "above-it"]
)
def test_bar_is_judged_unrounded(cpu_us: float, passed: bool) -> None:  # noqa: FBT001 - a parameter of a test
    verdicts = bars.judge({"hello-15": record(penstock=[cpu_us], bjoern=[10.0])})
    assert verdicts[0].passed is passed


def test_bar_without_figures_is_not_measured() -> None:
    assert {verdict.passed for verdict in bars.judge({})} == {None}


def test_slow_turns_are_one_in_fifty() -> None:
    turns = applications._slow_turns()
    assert sum(next(turns) for _ in range(5_000)) == 100


def test_browser_requests_have_fifteen_headers_and_differ() -> None:
    requests = traffic.browsing()
    assert {request.raw.count(b"\r\n") for request in requests} == {17}
    assert len({request.raw for request in requests}) == len(requests)


def test_flood_repeats_no_line_but_host() -> None:
    lines = [line for request in traffic.flood()[:500] for line in request.raw.split(b"\r\n")[:-2]]
    assert len(set(lines)) == len(lines) - 499


def test_two_routes_send_exactly_a_tenth_to_the_slow_one() -> None:
    requests = traffic.two_routes()
    slow = [request for request in requests if request.raw.startswith(b"GET /slow/")]
    assert len(slow) * 10 == len(requests)
    assert {request.kind for request in slow} == {traffic.SLOW}


def test_uploads_carry_ten_kilobytes() -> None:
    assert {len(request.raw.partition(b"\r\n\r\n")[2]) for request in traffic.uploads()} == {
        traffic.UPLOAD_BYTES
    }


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_every_server_takes_part_or_has_a_reason(scenario: Any) -> None:
    taking_part, reasons = participants(scenario, list(SERVERS))
    assert {server.name for server in taking_part} | reasons.keys() == SERVERS.keys()
    assert all(reasons.values())


@pytest.mark.parametrize(("value", "text"), [(0.1234, "0.12"), (12.34, "12.3"), (1234.5, "1,234")])
def test_figure_has_three_digits(value: float, text: str) -> None:
    assert report.figure(value) == text
