"""A seed gives the same storm each time, and every kind of fault in it."""

import random
from itertools import pairwise

from tests.faults.rights_checker import CHECKED_WITHIN
from tests.faults.rights_records import TOLD, How
from tests.faults.schedule import Kind, schedule


def storm(seed):
    return schedule(random.Random(seed), seconds=60, workers=3, clients=200, users=50, in_rooms=40)


def faults(storm):
    lanes = [storm.redis, *storm.workers, storm.clients, *storm.rights]
    return [fault for lane in lanes for fault in lane]


def test_the_seed_gives_the_schedule():
    assert storm(123) == storm(123)
    assert storm(123) != storm(124)


def test_every_kind_happens_and_ends_in_time():
    happened = set()
    for seed in range(50):
        found = faults(storm(seed))
        assert all(fault.at >= 0 and fault.at + fault.lasting <= 60 for fault in found)
        assert {fault.kind for fault in found} >= {*Kind} - {Kind.WORKER_TERMINATED}
        happened |= {fault.kind for fault in found}
    assert happened == {*Kind, *How}


def test_a_right_that_ends_without_a_message_is_away_for_longer_than_a_check_takes():
    for fault in faults(storm(123)):
        if isinstance(fault.kind, How) and fault.kind not in TOLD:
            assert fault.lasting > CHECKED_WITHIN[fault.kind]


def test_nobody_loses_two_rights_at_a_time():
    for lane in storm(123).rights:
        assert len({fault.numbers[0] % 5 for fault in lane}) == 1
        for one, other in pairwise(lane):
            assert one.at + one.lasting < other.at
