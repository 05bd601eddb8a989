from realtime.protocol.line_limit import MAX_LINES, PERIOD, LineLimit


def test_a_few_lines_in_each_period_and_the_rest_is_counted():
    limit = LineLimit()
    assert [limit.allows(float(second)) for second in range(MAX_LINES)] == [True] * MAX_LINES
    assert not limit.allows(PERIOD - 2) and not limit.allows(PERIOD - 1)
    assert limit.allows(PERIOD)
    assert limit.suppressed() == 2
    assert limit.suppressed() == 0


def test_who_waits_for_long_has_no_more_lines_together():
    limit = LineLimit()
    assert [limit.allows(100 * PERIOD) for _ in range(MAX_LINES + 1)].count(True) == MAX_LINES
