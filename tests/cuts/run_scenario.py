"""One cut: what is done, what each desk must show, and by when."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.cuts.environment import Environment
from tests.cuts.scenarios import Scenario
from tests.cuts.seat import NOTHING, Seat
from tests.cuts.table import Row
from tests.processes.waiting import wait_until

BUSY = 2.0  # seconds more, because all browsers and servers share two cores
RIGHT_WITHIN = 28.0  # seconds after the path is back, as docs/browser.md says


@dataclass(frozen=True)
class Gap:
    """When a path was cut and when it was healed, in seconds."""

    cut_at: float
    healed_at: float


def run_scenario(
    scenario: Scenario, environment: Environment, report: Callable[[Row], None], gap: float = 0
) -> None:
    """Ring, cut, answer, ring again, heal after `gap` more seconds, and check every desk."""
    office, seats = environment.office, environment.seats
    loaded = {seat: seat.desk.shown().loaded for seat in seats}
    for seat in seats:
        seat.restart_bare()
    truth = {ring_everywhere(environment): "in-progress"}
    [answered] = truth

    def another_call() -> None:
        truth[office.whole_call()] = "completed"
        time.sleep(gap)

    gone = cut_and_heal(scenario, environment, lambda: office.answer(answered), another_call)
    right_at = when_right(seats, truth, RIGHT_WITHIN)
    bare = {seat: seat.bare_is_wrong_about(truth) for seat in seats}
    check_desks(scenario.name, environment, gone, right_at, report, bare)
    for seat in seats:
        assert bare[seat] != NOTHING, f"{seat.name}: a bare WebSocket got it right too"
        assert seat.desk.shown().loaded == loaded[seat], f"{seat.name} was reloaded"
    office.hang_up(answered)
    when_right(seats, dict.fromkeys(truth, "completed"), 5)


def cut_and_heal(
    scenario: Scenario,
    environment: Environment,
    meanwhile: Callable[[], None],
    once_noticed: Callable[[], None],
) -> Gap:
    """Cut, do something, wait until it is noticed, do something more, and heal."""
    cut_at = time.time()
    try:
        cut_until_noticed(scenario, environment, meanwhile)
        once_noticed()
    finally:
        healed_at = time.time()
        scenario.heal(environment)
    return Gap(cut_at, healed_at)


def check_desks(
    name: str,
    environment: Environment,
    gap: Gap,
    right_at: Mapping[Seat, float],
    report: Callable[[Row], None],
    bare: Mapping[Seat, str],
) -> None:
    """Report how each desk came through, and check that it has all events and is silent."""
    top = environment.office.top()
    for seat in environment.seats:
        wait_for_events(seat, top, RIGHT_WITHIN)
        noticed = seat.desk.lost_since(gap.cut_at)
        assert noticed
        times = noticed - gap.cut_at, right_at[seat] - gap.healed_at
        missed, wrong = seat.desk.missed(1, top), bare.get(seat, "-")
        report(Row(name, seat.browser.name, seat.server, *times, missed, wrong))
        seat.check(top)


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
