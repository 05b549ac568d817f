"""All scenarios."""

from typing import Final

from tests.web.differential.scenario import Scenario
from tests.web.differential.scenarios import answers, failures, hooks, paths, requests, stock

CHAPTERS: Final = (hooks, paths, requests, failures, answers, stock)
SCENARIOS: Final[tuple[Scenario, ...]] = tuple(
    scenario for chapter in CHAPTERS for scenario in chapter.scenarios()
)
