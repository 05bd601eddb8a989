"""The heartbeat as it comes: patient with a bad line, and quick enough with a dead one."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.cuts.passage import check_desk, go_through, knew_at, missed, ring_everywhere, when_right
from tests.cuts.scenarios import PULLED_CABLE
from tests.cuts.table import Row
from tests.cuts.world import World
from tests.processes.waiting import wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("world", [(10, 8)], indirect=True, ids=["heartbeat 10 s + 8 s"]),
]

WATCHED = 45.0  # seconds: four pings of each server to each socket
SLOW = {"delay": 0.5, "loss": 0.05}
TOLD_WITHIN = 10.0  # seconds: a round trip of one, and several repetitions of what was lost


def test_a_slow_lossy_line_is_no_dead_one(world: World, report: Callable[[Row], None]) -> None:
    began = time.time()
    world.network.slow_down(**SLOW)
    try:
        while time.time() < began + WATCHED:
            sid = ring_everywhere(world)
            world.answer(sid)
            when_right(world, {sid: "in-progress"}, TOLD_WITHIN)
            world.hang_up(sid)
            when_right(world, {sid: "completed"}, TOLD_WITHIN)
        check_all(world, report, began)
    finally:
        world.network.speed_up()


def check_all(world: World, report: Callable[[Row], None], began: float) -> None:
    """Check that no desk has missed anything, or given the line up since `began`."""
    top = world.top()
    for desk in world.desks:
        wait_until(lambda desk=desk: missed(desk, top) == 0, TOLD_WITHIN, f"{desk.name} got all")
        assert knew_at(desk, began) is None, f"{desk.name} gave up a line that was only slow"
        report(Row("slow, lossy line", *desk.place, None, None, missed(desk, top), "-"))
        check_desk(desk, top)


def test_a_dead_line_is_noticed_and_left_behind(
    world: World, report: Callable[[Row], None]
) -> None:
    go_through(
        replace(PULLED_CABLE, name="pulled cable for longer, default heartbeat"),
        world,
        report,
        gap=20,
    )
