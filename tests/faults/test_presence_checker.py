"""The checker of presence finds who is missing, who is gone, and what was sent twice."""

import pytest

from tests.faults.presence_checker import check_list, check_signals, check_sockets

OPEN = {"": {"1": {"a", "b"}, "2": {"c"}}, "hall.1": {"1": {"a"}, "2": {"c"}}, "hall.2": {}}


def test_what_is_so_is_right():
    said = {**OPEN, "": {"1": ["b", "a"], "2": ["c"]}}
    assert list(check_sockets(said, OPEN)) == []
    assert list(check_list("hall.1", ["2", "1"], OPEN)) == []
    assert list(check_list("hall.2", [], OPEN)) == []
    signals = [("online", "1"), ("online", "2"), ("offline", "1"), ("online", "1")]
    assert list(check_signals(signals, {"1", "2"})) == []
    assert list(check_signals([*signals, ("offline", "2")], {"1"})) == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({**OPEN, "": {"1": ["a"], "2": ["c"]}}, "online: user 1 has ['a', 'b'], not ['a']"),
        ({**OPEN, "hall.1": {"1": ["a"]}}, "hall.1: user 2 has ['c'], not []"),
        ({**OPEN, "hall.2": {"3": ["d"]}}, "hall.2: user 3 has [], not ['d']"),
        ({**OPEN, "hall.2": {"3": []}}, "hall.2: user 3 has [], not []"),
        ({"": OPEN[""]}, "hall.1: user 1 has ['a'], not []"),
    ],
)
def test_who_is_said_to_be_there_and_is_not(said, problem):
    assert problem in list(check_sockets(said, OPEN))


@pytest.mark.parametrize(
    ("members", "problem"),
    [(["1"], "lacks user 2"), (["1", "2", "3"], "has user 3, who is gone"), ([], "lacks user 1")],
)
def test_a_client_with_another_list(members, problem):
    assert any(problem in one for one in check_list("hall.1", members, OPEN))


@pytest.mark.parametrize(
    ("signals", "problem"),
    [
        (["online", "online"], "don't alternate"),
        (["offline", "online"], "don't alternate"),
        (["online", "offline", "offline", "online"], "don't alternate"),
        (["online", "offline"], "user 1 is online"),
        ([], "user 1 is online"),
    ],
)
def test_signals_that_come_twice_or_not_at_all(signals, problem):
    [found] = check_signals([(what, "1") for what in signals], {"1"})
    assert problem in found


def test_one_who_is_gone_is_offline():
    assert list(check_signals([("online", "1")], ()))
