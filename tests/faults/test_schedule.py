"""A seed gives the same storm each time, and every kind of fault in it."""

from tests.faults.schedule import Kind, schedule


def storm(seed):
    return schedule(seed, seconds=60, workers=3, clients=200)


def faults(storm):
    return [*storm.redis, *(fault for lane in storm.workers for fault in lane), *storm.clients]


def test_the_seed_gives_the_schedule():
    assert storm(123) == storm(123)
    assert storm(123) != storm(124)


def test_every_kind_happens_and_ends_in_time():
    for seed in range(50):
        found = faults(storm(seed))
        assert {fault.kind for fault in found} == set(Kind)
        assert all(fault.at >= 0 and fault.at + fault.lasting <= 60 for fault in found)
