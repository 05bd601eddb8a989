"""The default heartbeat: patient with a bad line, and quick enough with a dead one."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.cuts.environment import Environment
from tests.cuts.run_scenario import ring_everywhere, run_scenario, wait_for_events, when_right
from tests.cuts.scenarios import ALL, PULLED_CABLE
from tests.cuts.table import Row

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("environment", [(10, 8)], indirect=True, ids=["heartbeat 10 s + 8 s"]),
]

WATCHED = 45.0 if ALL else 25.0  # seconds: four or two pings of each server to each socket
SLOW = {"delay": 0.5, "loss": 0.05}
# Seconds. TCP repeats what is lost within 3 s; the rest is for a busy machine.
SHOWN_WITHIN = 20.0


def test_a_slow_lossy_line_is_no_dead_one(
    environment: Environment, report: Callable[[Row], None]
) -> None:
    office, seats = environment.office, environment.seats
    began = time.time()
    environment.network.slow_down(**SLOW)
    try:
        while time.time() < began + WATCHED:
            sid = ring_everywhere(environment)
            office.answer(sid)
            when_right(seats, {sid: "in-progress"}, SHOWN_WITHIN)
            office.hang_up(sid)
            when_right(seats, {sid: "completed"}, SHOWN_WITHIN)
        check_all(environment, report, began)
    finally:
        environment.network.speed_up()


def check_all(environment: Environment, report: Callable[[Row], None], began: float) -> None:
    """Check that no desk has missed anything, or given the line up since `began`."""
    top = environment.office.top()
    for seat in environment.seats:
        wait_for_events(seat, top, SHOWN_WITHIN)
        assert seat.desk.lost_since(began) is None, f"{seat.name} gave up a line that was only slow"
        missed = seat.desk.missed(1, top)
        report(Row("slow, lossy line", seat.browser.name, seat.server, None, None, missed, "-"))
        seat.check(top)


def test_a_dead_line_is_noticed_and_replaced(
    environment: Environment, report: Callable[[Row], None]
) -> None:
    run_scenario(
        replace(PULLED_CABLE, name="pulled cable for longer, default heartbeat"),
        environment,
        report,
        gap=20,
    )
