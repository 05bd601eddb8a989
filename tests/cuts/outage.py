"""The path is away for four minutes: how long desks take to be right after it is back.

`make outage` runs it, and `make test` doesn't, because it takes five minutes.
"""

import time
from collections.abc import Callable

import pytest

from tests.cuts.environment import Environment
from tests.cuts.run_scenario import (
    RIGHT_WITHIN,
    check_desks,
    cut_and_heal,
    ring_everywhere,
    when_right,
)
from tests.cuts.scenarios import KILLED, PULLED_CABLE, WIFI_OFF, Scenario
from tests.cuts.table import Row

OUTAGE = 240.0  # seconds, in which Firefox's own wait has grown to its longest, 60 s


@pytest.mark.parametrize("environment", [(10, 8)], indirect=True, ids=["heartbeat 10 s + 8 s"])
@pytest.mark.parametrize("scenario", [KILLED, WIFI_OFF, PULLED_CABLE], ids=lambda one: one.name)
def test_desks_are_right_soon_after_a_long_outage(
    scenario: Scenario, environment: Environment, report: Callable[[Row], None]
) -> None:
    office, seats = environment.office, environment.seats
    for seat in seats:
        # In Firefox an attempt that is held back holds up all others to the same address.
        seat.close_bare()
    sid = ring_everywhere(environment)
    gap = cut_and_heal(
        scenario, environment, lambda: office.answer(sid), lambda: time.sleep(OUTAGE)
    )
    right_at = when_right(seats, {sid: "in-progress"}, RIGHT_WITHIN)
    check_desks(f"{scenario.name}, after four minutes", environment, gap, right_at, report, {})
