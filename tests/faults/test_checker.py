"""The checker of the storm finds each kind of fault; one that finds nothing would prove nothing."""

import pytest

from realtime.protocol.position import Position
from tests.faults.checker import Begun, Entry, Log, Received, Row, check_client, check_log, resets

LOG = Log("e", ["a", "b", "c", "d"])


def received(*offsets):
    return [Received(Position("e", offset), LOG.ids[offset - 1]) for offset in offsets]


def begun(offset, epoch="e"):
    return Begun(Position(epoch, offset))


RIGHT = {
    "all of it": [begun(0), *received(1, 2, 3, 4)],
    "from where it came": [begun(2), *received(3, 4)],
    "nothing new": [begun(4)],
}

WRONG = {
    "missing: Received": [begun(0), *received(1, 3, 4)],
    "missing at the end": [begun(0), *received(1, 2, 3)],
    "twice or too late": [begun(0), *received(1, 2, 2, 3, 4)],
    "twice or too late: Received(at=Position(epoch='e', offset=2)": [
        begun(0),
        *received(1, 3, 2, 4),
    ],
    "foreign": [begun(0), *received(1), Received(Position("e", 2), "x"), *received(3, 4)],
    "foreign: Received(at=Position(epoch='f'": [begun(3), Received(Position("f", 4), "d")],
    "foreign: Received(at=Position(epoch='e', offset=5)": [
        begun(0),
        *received(1, 2, 3, 4),
        Received(Position("e", 5), "d"),
    ],
    "started again from": [begun(0), *received(1, 2), begun(3), *received(4)],
    "before its first position": received(1, 2, 3, 4),
    "missing at the end: it came to Position(epoch='f'": [begun(4, "f")],
}


@pytest.mark.parametrize("record", RIGHT.values(), ids=RIGHT)
def test_a_client_that_received_everything_once_in_order_is_right(record):
    assert check_client({"s": record}, {"s": LOG}) == []


@pytest.mark.parametrize("problem", WRONG)
def test_each_fault_of_a_client_is_found(problem):
    found = check_client({"s": WRONG[problem]}, {"s": LOG})
    assert any(problem in one for one in found), found


def test_starting_again_is_right_where_the_events_are_not_kept():
    record = [begun(0), *received(1), begun(3), *received(4)]
    assert check_client({"s": record}, {"s": Log("e", LOG.ids, pruned=2)}) == []
    assert check_client({"s": record}, {"s": Log("e", LOG.ids, pruned=1)}) != []
    assert resets(record) == 1


ROWS = [Row("s", 1, "a", "one"), Row("t", 1, "b", "one"), Row("s", 2, "c", "two")]
LEDGER = [Entry("one", ["s", "t"], True, wrote=True), Entry("two", ["s"], True)]
ROLLED_BACK = Entry("three", ["s"], False, wrote=True)


def test_a_log_with_all_that_was_committed_is_right():
    assert check_log(ROWS, [*LEDGER, ROLLED_BACK], ["one"]) == []
    assert check_log(ROWS, [*LEDGER, Entry("two", ["s"], False)], ["one"]) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (ROWS[:2], "s: two was committed and is not in the log"),
        ([*ROWS, Row("s", 3, "d", "three")], "s: three is in the log and was not committed"),
        ([*ROWS, Row("s", 3, "d", "two")], "s: two is 2 times in the log"),
        ([*ROWS[:2], Row("s", 3, "c", "two")], "s: offsets with holes or repeats"),
        ([*ROWS[:2], Row("s", 1, "c", "two")], "s: offsets with holes or repeats"),
        ([*ROWS[:2], Row("s", None, "c", "two")], "s: two was not numbered"),
    ],
)
def test_each_fault_of_the_log_is_found(rows, problem):
    found = check_log(rows, [*LEDGER, ROLLED_BACK], ["one"])
    assert any(problem in one for one in found), found


@pytest.mark.parametrize("written", [[], ["one", "three"]])
def test_data_and_event_belong_together(written):
    assert "not committed together" in check_log(ROWS, [*LEDGER, ROLLED_BACK], written)[0]
