"""Says at the end how many of Django's own tests passed, of those that were to."""

from typing import NamedTuple

import pytest


class Count(NamedTuple):
    """What became of the tests of one label."""

    passed: int
    expected: int


COUNTS = pytest.StashKey[dict[str, Count]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep a place for the counts."""
    config.stash[COUNTS] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Add them up, if any ran."""
    counts = config.stash[COUNTS].values()
    if counts:
        passed, expected = sum(count.passed for count in counts), sum(count.expected for count in counts)
        terminalreporter.write_line(f"Django's own tests: {passed:,} of {expected:,} pass")
