"""One cut: what is done, what each desk must show, and by when."""

import time
from collections.abc import Callable

from tests.cuts.desk import Desk
from tests.cuts.scenarios import Scenario
from tests.cuts.table import Row
from tests.cuts.world import World
from tests.processes.waiting import wait_until

BUSY = 2.0  # seconds allowed for that all browsers and servers are on the same two cores
RIGHT_WITHIN = 28.0  # seconds after the path is back, as docs/browser.md says
NOTHING = "nothing"


def go_through(
    scenario: Scenario, world: World, report: Callable[[Row], None], gap: float = 0
) -> None:
    """Ring, cut, answer, ring again, heal after `gap` more seconds, and check every desk."""
    loaded = {desk: desk.shown().loaded for desk in world.desks}
    for desk in world.desks:
        desk.renew_bare()
    answered = ring_everywhere(world)

    cut_at = time.time()
    try:
        let_all_notice(scenario, world, lambda: world.answer(answered))
        over = world.ring()
        world.answer(over)
        world.hang_up(over)
        time.sleep(gap)
    finally:
        healed_at = time.time()
        scenario.heal(world)

    truth = {answered: "in-progress", over: "completed"}
    right_at = when_right(world, truth, RIGHT_WITHIN)
    top = world.top()
    for desk in world.desks:
        wait_until(lambda desk=desk: missed(desk, top) == 0, RIGHT_WITHIN, f"{desk.name} got all")
        knew, right = knew_at(desk, cut_at) - cut_at, right_at[desk] - healed_at
        wrong = told_wrong(desk, truth)
        report(Row(scenario.name, *desk.place, knew, right, missed(desk, top), wrong))
        assert wrong != NOTHING, f"{desk.name}: a bare WebSocket got it right too"
        assert desk.shown().loaded == loaded[desk], f"{desk.name} was reloaded"
        check_desk(desk, top)
    world.hang_up(answered)
    when_right(world, {answered: "completed", over: "completed"}, 5)


def ring_everywhere(world: World) -> str:
    """Have a call ring at every desk, and return its sid."""
    sid = world.ring()
    for desk in world.desks:
        wait_until(lambda desk=desk: rings_for(desk, sid), 10, f"{desk.name} rings")
    return sid


def let_all_notice(scenario: Scenario, world: World, meanwhile: Callable[[], None]) -> None:
    """Cut, do something, and wait until the desks and the servers have noticed."""
    within = world.silence + BUSY
    held = world.held_sockets()
    cut_at = time.time()
    scenario.cut(world)
    meanwhile()
    for desk in world.desks:
        wait_until(lambda desk=desk: knew_at(desk, cut_at), within, f"{desk.name} knows")
    if scenario.silent:
        wait_until(lambda: not held & world.held_sockets(), within, "the servers give up")


def when_right(world: World, truth: dict[str, str], within: float) -> dict[Desk, float]:
    """Return when each desk was first found to show these calls so, in no doubt."""
    found: dict[Desk, float] = {}
    deadline = time.time() + within
    while len(found) < len(world.desks):
        for desk in world.desks:
            if desk not in found and is_right(desk, truth):
                found[desk] = time.time()
        late = {desk.name: desk.shown().calls for desk in world.desks if desk not in found}
        assert not late or time.time() < deadline, f"not {truth} within {within} s: {late}"
    return found


def rings_for(desk: Desk, sid: str) -> bool:
    """Tell whether a desk rings, to the eye and to the ear, for a call."""
    shown = desk.shown()
    return shown.calls.get(sid) == "ringing" and shown.rings and shown.sounds


def knew_at(desk: Desk, cut_at: float) -> float | None:
    """Return the instant at which a desk first said that it is not connected, in seconds."""
    return next((at / 1000 for at in desk.shown().lost if at / 1000 >= cut_at), None)


def is_right(desk: Desk, truth: dict[str, str]) -> bool:
    """Tell whether a desk shows these calls as they are, in no doubt."""
    shown = desk.shown().calls
    return {sid: shown.get(sid) for sid in truth} == truth


def missed(desk: Desk, top: int) -> int:
    """Count the events up to `top`, from the stream's first, that a desk was not handed."""
    return len(set(range(1, top + 1)) - {offset for offset, _, _ in desk.events()})


def check_desk(desk: Desk, top: int) -> None:
    """Check that it is silent, complains of nothing, and got each event once and in order."""
    shown = desk.shown()
    assert not shown.rings and not shown.sounds, f"{desk.name} still rings"
    assert not desk.complaints()
    events = desk.events()
    offsets = [offset for offset, _, _ in events]
    assert offsets == list(range(1, top + 1)), f"{desk.name} got {offsets}"
    assert "reset" not in {sid for _, sid, _ in events}


def told_wrong(desk: Desk, truth: dict[str, str]) -> str:
    """Say what the page with the bare socket believes wrongly."""
    believed = desk.bare_calls()
    wrong = [
        f"{state}: {believed.get(sid, 'unknown')}"
        for sid, state in truth.items()
        if believed.get(sid) != state
    ]
    return ", ".join(wrong) or NOTHING
