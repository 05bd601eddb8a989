from realtime.protocol.rate import Rate


def test_what_was_spent_beyond_what_was_left_has_to_be_waited_for():
    rate = Rate(10, now=100)
    rate.spend(20, now=100)
    assert rate.wait(100) == 0
    rate.spend(30, now=100)
    assert [rate.wait(100), rate.wait(102), rate.wait(103)] == [3, 1, 0]
    assert not rate.is_full(104)
    assert rate.is_full(105)


def test_a_burst_may_be_any_number():
    rate = Rate(5, now=100, burst=3)
    assert [rate.allows(100) for _ in range(4)] == [True, True, True, False]
    assert [rate.allows(200) for _ in range(4)] == [True, True, True, False]
    none_together = Rate(5, now=100, burst=0)
    assert none_together.is_full(100) and not none_together.allows(200)


def test_twice_as_many_together_as_a_second_allows_then_by_the_clock():
    rate = Rate(5, now=100)
    assert [rate.allows(100) for _ in range(11)] == [True] * 10 + [False]
    assert [rate.allows(100.2), rate.allows(100.2)] == [True, False]
    assert [rate.allows(200) for _ in range(11)] == [True] * 10 + [False]
