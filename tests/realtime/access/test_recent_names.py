"""Names are remembered for a while, and not for long."""

import math

from realtime.access import recent_names
from realtime.access.recent_names import KEEP, RecentNames

NEVER = -math.inf


def test_a_name_is_known_from_its_last_time_on():
    names = RecentNames()
    names.add_all(["a", "b"], 100.0)
    names.add_all(["a"], 103.0)
    assert [names.came_at(name) for name in ("a", "b", "c", None)] == [103.0, 100.0, NEVER, NEVER]


def test_a_name_is_kept_long_enough_whatever_else_comes():
    names = RecentNames()
    names.add_all(["first"], 0.0)
    for second in range(1, int(KEEP) + 1):
        names.add_all([f"other-{second}"], float(second))
        assert names.came_at("first") == 0.0


def test_what_is_old_is_forgotten():
    names = RecentNames()
    for second in range(1000):
        names.add_all([f"name-{second}"], float(second))
    assert names.came_at("name-0") == NEVER
    assert len(names._newer) + len(names._older) <= 2 * KEEP


def test_after_a_long_silence_nothing_is_left():
    names = RecentNames()
    names.add_all(["a"], 0.0)
    names.add_all(["b"], 1000.0)
    assert names.came_at("a") == NEVER


def test_of_too_many_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(recent_names, "MAX_KEPT", 3)
    names = RecentNames(keep=300.0)
    for number in range(7):
        names.add_all([f"name-{number}"], 0.0)
    assert [names.came_at(f"name-{number}") for number in (0, 3, 6)] == [NEVER, 0.0, 0.0]
    names.add_all(["late"], 250.0)
    assert names.came_at("name-6") == 0.0
