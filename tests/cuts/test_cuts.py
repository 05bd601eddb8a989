"""A path ends while calls ring, and comes back: what real browsers show then."""

import time
from collections.abc import Callable

import pytest

from tests.cuts.conftest import HEARTBEAT
from tests.cuts.desk import Desk
from tests.cuts.scenarios import SCENARIOS, Scenario
from tests.cuts.table import Row, Table
from tests.cuts.world import SOCKETS, World
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes

SILENCE = sum(float(seconds) for seconds in HEARTBEAT.values())
NOTICED_WITHIN = SILENCE + 2  # seconds; browsers and servers are busy on the same two cores
RIGHT_WITHIN = 28.0  # seconds after the path is back, as docs/browser.md says


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_desks_are_right_soon_after_the_path_is_back(
    scenario: Scenario, world: World, table: Table
) -> None:
    desks = world.desks
    loaded = {desk: desk.shown().loaded for desk in desks}
    before = world.given_up()
    answered = world.ring()
    for desk in desks:
        wait_until(lambda desk=desk: rings_for(desk, answered), 10, f"{desk.name} rings")

    cut_at = time.time()
    scenario.cut(world)
    world.answer(answered)
    for desk in desks:
        wait_until(lambda desk=desk: knows(desk, cut_at), NOTICED_WITHIN, f"{desk.name} knows")
    if scenario.silent:
        given_up = before + SOCKETS * len(desks)
        wait_until(lambda: world.given_up() >= given_up, NOTICED_WITHIN, "the servers give up")
    over = world.ring()
    world.answer(over)
    world.hang_up(over)

    healed_at = time.time()
    scenario.heal(world)
    truth = {sid: world.calls()[sid]["state"] for sid in (answered, over)}
    assert truth == {answered: "in-progress", over: "completed"}
    right_at = first_time(desks, lambda desk: is_right(desk, truth), RIGHT_WITHIN)
    for desk in desks:
        assert desk in right_at, f"{desk.name} shows {desk.shown()}, not {truth}"

    top = world.top()
    for desk in desks:
        wait_until(lambda desk=desk: missed(desk, top) == 0, 5, f"{desk.name} got all")
        row = Row(
            scenario.name,
            desk.name,
            knew=knew_at(desk, cut_at) - cut_at,
            right=right_at[desk] - healed_at,
            missed=missed(desk, top),
            bare=told_wrong(desk, truth),
        )
        table.rows.append(row)
        print(row)
        check_events(desk, top)
        shown = desk.shown()
        assert shown.loaded == loaded[desk], f"{desk.name} was reloaded"
        assert not shown.rings and not shown.sounds, f"{desk.name} still rings"
        assert row.bare != "right", f"{desk.name}: a bare WebSocket got it right too"
        assert not desk.complaints()

    world.hang_up(answered)
    ended = {**truth, answered: "completed"}
    late = [
        desk.name
        for desk in desks
        if desk not in first_time(desks, lambda d: is_right(d, ended), 5)
    ]
    assert not late, f"not told of what happened after: {late}"


def rings_for(desk: Desk, sid: str) -> bool:
    """Tell whether a desk rings, to the eye and to the ear, for a call."""
    shown = desk.shown()
    return shown.calls.get(sid) == "ringing" and shown.rings and shown.sounds


def knows(desk: Desk, cut_at: float) -> bool:
    """Tell whether a desk has said since then that it is not connected."""
    return knew_at(desk, cut_at) is not None


def knew_at(desk: Desk, cut_at: float) -> float | None:
    """Return the instant at which a desk first said that it is not connected, in seconds."""
    return next((at / 1000 for at in desk.shown().lost if at / 1000 >= cut_at), None)


def is_right(desk: Desk, truth: dict[str, str]) -> bool:
    """Tell whether a desk shows these calls as they are, in no doubt."""
    shown = desk.shown().calls
    return {sid: shown.get(sid) for sid in truth} == truth


def first_time(
    desks: list[Desk], is_so: Callable[[Desk], bool], timeout: float
) -> dict[Desk, float]:
    """Return when each desk was first found so, in seconds; those that weren't are missing."""
    found: dict[Desk, float] = {}
    deadline = time.time() + timeout
    while len(found) < len(desks) and time.time() < deadline:
        for desk in desks:
            if desk not in found and is_so(desk):
                found[desk] = time.time()
    return found


def missed(desk: Desk, top: int) -> int:
    """Count the events up to `top`, from the stream's first, that a desk was not handed."""
    return len(set(range(1, top + 1)) - {offset for offset, _, _ in desk.events()})


def check_events(desk: Desk, top: int) -> None:
    """Check that each event came once and in order, and that nothing was reset."""
    events = desk.events()
    offsets = [offset for offset, _, _ in events]
    assert offsets == list(range(1, top + 1)), f"{desk.name} got {offsets}"
    assert "reset" not in {sid for _, sid, _ in events}


def told_wrong(desk: Desk, truth: dict[str, str]) -> str:
    """Say what the page with the bare socket believes wrongly, or "right"."""
    believed = desk.bare_calls()
    wrong = [
        f"{believed.get(sid, 'unknown')} for {state}"
        for sid, state in truth.items()
        if believed.get(sid) != state
    ]
    return ", ".join(wrong) or "right"
