"""How many may come in a second, and when those that were turned away come back."""

from realtime.protocol.arrivals import MAX_WAIT, Arrivals


def test_two_seconds_worth_may_come_together_then_so_many_a_second():
    arrivals = Arrivals(10, now=100)
    assert [arrivals.allows(100) for _ in range(21)] == [True] * 20 + [False]
    assert [arrivals.allows(100.5) for _ in range(6)] == [True] * 5 + [False]


def test_those_that_are_turned_away_come_back_one_after_the_other():
    arrivals = Arrivals(10, now=100)
    assert [round(arrivals.wait(100), 6) for _ in range(4)] == [0, 0.1, 0.2, 0.3]
    assert round(arrivals.wait(100.2), 6) == 0.2


def test_all_of_many_are_in_soon_if_they_keep_their_waits():
    """10,000 come together where 1,000 a second may."""
    arrivals, now, waiting = Arrivals(1000, now=0), 0.0, [0.0] * 10_000
    while waiting:
        waiting.sort()
        now, later = waiting[0], []
        for instant in waiting:
            if instant > now + 0.05:
                later.append(instant)
            elif not arrivals.allows(instant):
                later.append(instant + 1 + arrivals.wait(instant))
        waiting = later
    assert now < 11


def test_a_flood_lengthens_no_wait_beyond_the_longest_and_none_after_its_end():
    arrivals = Arrivals(10, now=100)
    waits = [arrivals.wait(100) for _ in range(5000)]
    assert max(waits) <= MAX_WAIT + 0.1
    assert arrivals.wait(100 + MAX_WAIT + 1) == 0


def test_it_is_idle_when_all_may_come_again():
    arrivals = Arrivals(10, now=100)
    assert arrivals.is_idle(100)
    arrivals.allows(100)
    assert not arrivals.is_idle(100)
    assert arrivals.is_idle(101)
    arrivals.wait(101)
    assert not arrivals.is_idle(101)
    assert arrivals.is_idle(102)
