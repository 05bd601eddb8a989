"""Whose turn it is to be compared with the log."""

from realtime.fanout.turns import Turns


def test_all_have_their_turn_once_in_a_period_and_in_even_parts():
    turns, names = Turns(300), [f"user.{number}" for number in range(100)]
    turns.begin(names, 0)
    parts = [turns.due(now, lambda: names) for now in range(10, 310, 10)]
    assert [name for part in parts for name in part] == names
    assert {len(part) for part in parts} == {3, 4}


def test_those_that_came_during_a_round_are_in_the_next():
    turns = Turns(300)
    turns.begin(["user.1"], 0)
    assert turns.due(299, list) == []
    assert turns.due(400, lambda: ["user.1", "user.2"]) == ["user.1"]
    assert turns.count == 2
    assert turns.due(551, list) == ["user.1"]
    assert turns.due(700, list) == ["user.2"]


def test_where_nothing_is_followed_nothing_is_due():
    turns = Turns(300)
    assert not turns.due(10, list)
    assert not turns.due(1000, list)
