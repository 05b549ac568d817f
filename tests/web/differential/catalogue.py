"""All scenarios."""

from typing import Final

from tests.web.differential.scenario import Scenario
from tests.web.differential.scenarios import answers, chance, failures, hooks, paths, requests, stock

CHAPTERS: Final = (hooks, paths, requests, failures, answers, stock, chance)
SCENARIOS: Final[tuple[Scenario, ...]] = tuple(
    scenario for chapter in CHAPTERS for scenario in chapter.scenarios()
)
