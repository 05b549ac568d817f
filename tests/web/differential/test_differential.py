"""One site on Django and on penstock.web: status, headers, body, signals, hooks, log records are equal.

Each framework runs in a process of its own and sends all scenarios (observe.py); here one test compares one
scenario.  What is each framework's own, the words of built-in pages and of errors, is left out where the
scenario says so; where we differ on purpose, deviations.py says why.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.web.differential.catalogue import SCENARIOS
from tests.web.differential.deviations import DEVIATIONS
from tests.web.differential.scenario import Scenario

ROOT = Path(__file__).parents[3]
OBSERVE_TIMEOUT_S = 110
OWN_VARIABLES = ("DJANGO_SETTINGS_MODULE", "PENSTOCK_SETTINGS_MODULE")

Observations = dict[str, list[dict[str, Any]]]


def observe(package: str, out: Path) -> Observations:
    """What all scenarios look like on one framework."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.differential.observe", str(out)],
        cwd=ROOT,
        env={**environment, "FRAMEWORK": package},
        capture_output=True,
        text=True,
        timeout=OBSERVE_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{package}: {done.stderr[-3000:]}"
    observations: Observations = json.loads(out.read_text())
    return observations


@pytest.fixture(scope="session")
def on_django(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """Every scenario on Django."""
    return observe("django", tmp_path_factory.mktemp("django") / "seen.json")


@pytest.fixture(scope="session")
def on_penstock(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """Every scenario on penstock.web."""
    return observe("penstock.web", tmp_path_factory.mktemp("penstock") / "seen.json")


def headers_of_any_page(headers: list[list[str]]) -> list[list[str]]:
    """Sorted headers without what a page's words decide: its length, and whether gzip is worth its while."""
    kept = [header for header in headers if header[0] not in {"Content-Length", "Content-Encoding", "ETag"}]
    varying = [
        [name, ", ".join(word for word in value.split(", ") if word != "Accept-Encoding")]
        for name, value in kept
    ]
    return sorted(header for header in varying if header != ["Vary", ""])


def comparable(scenario: Scenario, seen: dict[str, Any]) -> dict[str, Any]:
    """What of a round is to be equal."""
    result = dict(seen)
    shows_own_page = scenario.may_show_own_page and (seen["status"] or "500") >= "400"
    if shows_own_page or not scenario.compares_body:
        result["body"] = result["body"] is None
        result.pop("pieces", None)
        result["headers"] = headers_of_any_page(result["headers"])
    if not scenario.compares_words:
        result["records"] = [record[:-1] for record in result["records"]]
        result["raised"] = (result["raised"] or [None])[0]
    return result


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in SCENARIOS])
def test_a_scenario_looks_the_same_on_both_frameworks(
    scenario: Scenario, on_django: Observations, on_penstock: Observations
) -> None:
    expected = [comparable(scenario, seen) for seen in on_django[scenario.name]]
    actual = [comparable(scenario, seen) for seen in on_penstock[scenario.name]]
    if scenario.name in DEVIATIONS:
        assert expected != actual, "equal by now: take it out of deviations.py"
    else:
        assert expected == actual


def test_scenarios_have_names_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_deviations_are_of_scenarios_that_exist() -> None:
    assert set(DEVIATIONS) <= {scenario.name for scenario in SCENARIOS}


def test_the_catalogue_reaches_every_kind_of_outcome(on_django: Observations) -> None:
    rounds = [seen for rounds in on_django.values() for seen in rounds]
    statuses = {(seen["status"] or "none")[:3] for seen in rounds}
    loggers = {record[0].split(".")[1] for seen in rounds for record in seen["records"]}
    assert {
        "200",
        "301",
        "302",
        "304",
        "307",
        "400",
        "403",
        "404",
        "405",
        "410",
        "412",
        "500",
        "non",
    } <= statuses
    assert {"request", "security"} <= loggers
