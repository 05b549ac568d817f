"""Django's own tests are the specification: what can pass without models, forms and auth, must.

Each label of lists/suite.txt runs in a process of its own (they change settings, loggers and caches), one at
a time.  lists/expected.txt names the 1,178 tests that pass on a Django cut down to the same surface.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.django_suite.conftest import COUNTS, Count
from tests.django_suite.run import listed
from tests.django_suite.sdist import SdistMissingError, django_tests

RUNNER = Path(__file__).with_name("run.py")
LABELS = listed("suite.txt")
EXPECTED = listed("expected.txt")
LABEL_TIMEOUT_S = 100


@pytest.fixture(scope="session")
def tests_folder() -> Path:
    """Django's tests; skips where they cannot be had, fails in CI."""
    try:
        return django_tests()
    except SdistMissingError as error:
        reason = f"Django's source distribution: {error}"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def outcomes_of(label: str, tests: Path, out: Path) -> dict[str, Any]:
    """Run one label; what cannot even start is told by what it wrote."""
    done = subprocess.run(
        [sys.executable, str(RUNNER), str(tests), str(out), label],
        capture_output=True,
        text=True,
        timeout=LABEL_TIMEOUT_S,
        check=False,
    )
    assert out.exists(), f"{label}: the runner ended with {done.returncode}:\n{done.stderr[-2000:]}"
    outcomes: dict[str, Any] = json.loads(out.read_text())
    return outcomes


@pytest.mark.parametrize("label", LABELS)
def test_all_that_can_pass_of_a_label_passes(
    label: str, tests_folder: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    expected = [name for name in EXPECTED if name.startswith(f"{label}.")]
    outcomes = outcomes_of(label, tests_folder, tmp_path / "outcomes.json")
    became = {name: outcomes["tests"].get(name, ["absent", ""]) for name in expected}
    differing = {name: result for name, result in became.items() if result[0] != "pass"}
    passed = len(expected) - len(differing)
    pytestconfig.stash[COUNTS][label] = Count(passed, len(expected))
    lines = [f"{outcome} {name} {why}" for name, (outcome, why) in sorted(differing.items())]
    lines += [f"not loaded {name}: {why}" for name, why in outcomes["unloaded"].items()]
    assert not differing, "\n".join([f"{passed} of {len(expected)} pass", *lines])


def test_each_expected_test_belongs_to_one_label() -> None:
    owners = {name: [label for label in LABELS if name.startswith(f"{label}.")] for name in EXPECTED}
    strays = {name: labels for name, labels in owners.items() if len(labels) != 1}
    assert not strays


def test_the_expected_tests_are_all_there() -> None:
    assert len(set(EXPECTED)) == len(EXPECTED) == 1178
