"""A path ends while calls ring, and comes back: what real browsers show then."""

from collections.abc import Callable

import pytest

from tests.cuts.environment import Environment
from tests.cuts.run_scenario import run_scenario
from tests.cuts.scenarios import SCENARIOS, Scenario
from tests.cuts.table import Row

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("environment", [(3, 3)], indirect=True, ids=["heartbeat 3 s + 3 s"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_desks_are_right_soon_after_the_path_is_back(
    scenario: Scenario, environment: Environment, report: Callable[[Row], None]
) -> None:
    run_scenario(scenario, environment, report)
