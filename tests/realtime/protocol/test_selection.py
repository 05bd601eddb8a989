import math

from realtime.protocol.rules import Rules
from realtime.protocol.selection import Selection

ALL = Rules(fields=("to",), order="n", order_key="k", throttle=1, throttle_key="k")


def taken(selection, offset, data, now=0, name="n"):
    return [one.event for one in selection.take(offset, name, data, f"e{offset}", now)]


def test_without_rules_all_events_go():
    selection = Selection(Rules(), {}, 3)
    assert taken(selection, 4, {"to": 1}) == ["e4"]
    assert taken(selection, None, None) == ["eNone"]
    assert selection.passed == 4
    assert selection.wake_at == math.inf
    assert selection.wake(1) == []


def test_what_is_for_others_is_passed_over():
    selection = Selection(Rules(fields=("to",)), {"to": "me"}, 3)
    assert taken(selection, 4, {"to": "you"}) == []
    assert selection.passed == 4
    assert taken(selection, 5, {"to": "me"}) == ["e5"]


def test_what_is_for_others_counts_for_no_order():
    selection = Selection(Rules(fields=("to",), order="n"), {"to": "me"}, 0)
    assert taken(selection, 1, {"to": "you", "n": 9}) == []
    assert taken(selection, 2, {"to": "me", "n": 3}) == ["e2"]
    assert taken(selection, 3, {"to": "me", "n": 3}) == []
    assert taken(selection, 4, {"to": "me"}) == ["e4"], "it has no place in the order"


def test_a_held_event_is_not_passed_and_those_after_it_are_not_either():
    selection = Selection(ALL, {"to": "me"}, 0)
    assert taken(selection, 1, {"k": "a", "n": 1}) == ["e1"]
    assert taken(selection, 2, {"k": "a", "n": 2}, 0.1) == []
    assert taken(selection, 3, {"k": "b", "n": 1}, 0.2) == []
    assert taken(selection, 4, {"k": "b", "n": 1}, 0.3) == [], "it is old"
    assert selection.passed == 1
    assert taken(selection, 5, {"k": "a", "n": 3}, 0.4) == []
    assert selection.passed == 2
    assert selection.wake_at == 1
    assert [one.offset for one in selection.wake(1)] == [3, 5]
    assert selection.passed == 5


def test_an_ephemeral_event_is_held_in_its_place():
    selection = Selection(Rules(throttle=1, throttle_key="k"), {}, 0)
    taken(selection, 1, {"k": "a"})
    taken(selection, None, {"k": "b"}, 0.1)
    taken(selection, 2, {"k": "a"}, 0.2)
    assert selection.passed == 1
    assert [one.offset for one in selection.wake(1)] == [None, 2]


def test_events_can_be_passed_over_unseen():
    selection = Selection(Rules(), {}, 3)
    selection.skip_to(9)
    selection.skip_to(5)
    assert selection.passed == 9


def test_events_of_different_names_do_not_replace_each_other():
    selection = Selection(Rules(throttle=1), {}, 0)
    taken(selection, 1, {}, name="progress")
    taken(selection, 2, {}, 0.1, name="progress")
    taken(selection, 3, {}, 0.2, name="done")
    taken(selection, 4, {}, 0.3, name="progress")
    assert [one.offset for one in selection.wake(1)] == [3, 4]


def test_what_the_rules_are_not_about_is_held_in_its_place_and_never_dropped():
    selection = Selection(ALL, {"to": "me"}, 0)
    assert [one.event for one in selection.let_through(1, "e1", 0)] == ["e1"]
    taken(selection, 2, {"k": "a", "n": 1}, 0.1)
    assert selection.let_through(3, "e3", 0.2) == []
    assert selection.let_through(4, "e4", 0.3) == []
    assert [one.offset for one in selection.wake(1)] == [2, 3, 4]
    assert Selection(Rules(fields=("to",)), {}, 0).let_through(1, "e1", 0)
