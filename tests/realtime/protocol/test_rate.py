from realtime.protocol.rate import Rate


def test_twice_as_many_together_as_a_second_allows_then_by_the_clock():
    rate = Rate(5, now=100)
    assert [rate.allows(100) for _ in range(11)] == [True] * 10 + [False]
    assert [rate.allows(100.2), rate.allows(100.2)] == [True, False]
    assert [rate.allows(200) for _ in range(11)] == [True] * 10 + [False]
