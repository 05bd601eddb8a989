from realtime.protocol.backlog import BUSY_AFTER, MAX_BURST, MAX_WAITING, Backlog


def waiting(frames, now=0.0):
    backlog = Backlog()
    for _ in range(frames):
        backlog.arrived(now)
    return backlog


def test_a_burst_is_no_overflow_while_it_is_being_taken():
    backlog = waiting(MAX_WAITING + 20)
    now = 0.0
    for _ in range(15):
        now += BUSY_AFTER
        backlog.took()
        assert backlog.check_at == now
        assert not backlog.check(now)
    for _ in range(5):
        backlog.took()
    assert not backlog.check(now + BUSY_AFTER)
    assert backlog.check_at == float("inf"), "there is nothing to check any more"


def test_a_busy_application_overflows_at_the_frame_after_the_last_allowed():
    backlog = waiting(MAX_WAITING, now=1.0)
    assert backlog.check_at == float("inf")
    backlog.arrived(2.0)
    assert backlog.check_at == 2.0 + BUSY_AFTER
    assert backlog.check(backlog.check_at)


def test_an_application_that_has_just_taken_one_is_not_busy():
    backlog = waiting(MAX_WAITING + 2)
    backlog.took()
    assert not backlog.check(BUSY_AFTER)
    assert backlog.check(2 * BUSY_AFTER)


def test_a_burst_has_a_bound():
    backlog = waiting(MAX_BURST)
    assert not backlog.is_full
    backlog.arrived(0.0)
    assert backlog.is_full
