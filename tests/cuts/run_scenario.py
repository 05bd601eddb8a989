"""One cut: what is done, what each desk must show, and by when."""

import time
from collections.abc import Callable

from tests.cuts.environment import Environment
from tests.cuts.scenarios import Scenario
from tests.cuts.seat import NOTHING, Seat
from tests.cuts.table import Row
from tests.processes.waiting import wait_until

BUSY = 2.0  # seconds more, because all browsers and servers share two cores
RIGHT_WITHIN = 28.0  # seconds after the path is back, as docs/browser.md says


def run_scenario(
    scenario: Scenario, environment: Environment, report: Callable[[Row], None], gap: float = 0
) -> None:
    """Ring, cut, answer, ring again, heal after `gap` more seconds, and check every desk."""
    office, seats = environment.office, environment.seats
    loaded = {seat: seat.desk.shown().loaded for seat in seats}
    for seat in seats:
        seat.restart_bare()
    answered = ring_everywhere(environment)

    cut_at = time.time()
    try:
        cut_until_noticed(scenario, environment, lambda: office.answer(answered))
        over = office.whole_call()
        time.sleep(gap)
    finally:
        healed_at = time.time()
        scenario.heal(environment)

    truth = {answered: "in-progress", over: "completed"}
    right_at = when_right(seats, truth, RIGHT_WITHIN)
    top = office.top()
    for seat in seats:
        wait_for_events(seat, top, RIGHT_WITHIN)
        noticed, right = seat.desk.lost_since(cut_at) - cut_at, right_at[seat] - healed_at
        wrong = seat.bare_is_wrong_about(truth)
        missed = seat.desk.missed(1, top)
        report(Row(scenario.name, seat.browser.name, seat.server, noticed, right, missed, wrong))
        assert wrong != NOTHING, f"{seat.name}: a bare WebSocket got it right too"
        assert seat.desk.shown().loaded == loaded[seat], f"{seat.name} was reloaded"
        seat.check(top)
    office.hang_up(answered)
    when_right(seats, {answered: "completed", over: "completed"}, 5)


def ring_everywhere(environment: Environment) -> str:
    """Have a call ring at every desk, and return its sid."""
    sid = environment.office.ring()
    for seat in environment.seats:
        wait_until(lambda seat=seat: seat.desk.rings_for(sid), 10, f"{seat.name} rings")
    return sid


def cut_until_noticed(
    scenario: Scenario, environment: Environment, meanwhile: Callable[[], None]
) -> None:
    """Cut, do something, and wait until the desks and the servers have noticed."""
    office = environment.office
    within = office.silence + BUSY
    held = office.held_sockets()
    cut_at = time.time()
    scenario.cut(environment)
    meanwhile()
    for seat in environment.seats:
        wait_until(lambda seat=seat: seat.desk.lost_since(cut_at), within, f"{seat.name} notices")
    if scenario.silent:
        wait_until(lambda: not held & office.held_sockets(), within, "the servers give up")


def when_right(seats: list[Seat], truth: dict[str, str], within: float) -> dict[Seat, float]:
    """Return when each desk was first found to show these calls, not in doubt."""
    found: dict[Seat, float] = {}
    deadline = time.time() + within
    while len(found) < len(seats):
        for seat in seats:
            if seat not in found and seat.desk.shows(truth):
                found[seat] = time.time()
        late = {seat.name: seat.desk.shown().calls for seat in seats if seat not in found}
        assert not late or time.time() < deadline, f"not {truth} within {within} s: {late}"
    return found


def wait_for_events(seat: Seat, top: int, within: float) -> None:
    """Wait until a desk has all events of the stream up to `top`."""
    wait_until(lambda: seat.desk.missed(1, top) == 0, within, f"{seat.name} has all events")
