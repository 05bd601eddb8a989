"""The rules of a right: when it is asked for, and when it ends without an answer."""

import math

import pytest

from realtime.protocol.right import GRACE, RETRY, Right, Verdict

EVERY = 100.0


@pytest.fixture
def right():
    right = Right(EVERY)
    right.granted(1000, jitter=0.5)
    return right


@pytest.mark.parametrize(("jitter", "seconds"), [(0, 80), (0.5, 100), (1, 120)])
def test_it_is_asked_for_again_within_a_fifth_of_the_time(right, jitter, seconds):
    right.granted(2000, jitter)
    assert right.wake_at == pytest.approx(2000 + seconds)
    assert right.wake(2000 + seconds - 1) is Verdict.WAIT
    assert right.wake(2000 + seconds + 1) is Verdict.ASK


def test_those_that_are_due_at_about_one_time_share_it(right):
    others = [Right(EVERY) for _ in range(1000)]
    for number, other in enumerate(others):
        other.granted(2000 + number / 1000, jitter=number / 1000)
    assert len({other.wake_at for other in others}) <= 42
    assert all(2080 <= other.wake_at <= 2122 for other in others)


def test_one_without_a_time_is_never_asked_for_by_itself():
    right = Right(None)
    right.granted(1000, jitter=0)
    assert right.wake_at == math.inf
    assert right.wake(1e9) is Verdict.WAIT


def test_it_outlasts_checks_that_fail_for_the_grace_and_no_longer(right):
    began, now, tries = 1100.0, 1100.0, 0
    while right.wake(now) is Verdict.ASK:
        right.asked(now)
        tries += 1
        right.failed(now + 1)
        now = right.wake_at
    assert right.wake(now) is Verdict.END
    assert now == began + GRACE
    assert tries == pytest.approx(GRACE / (RETRY + 1), abs=1)


def test_it_ends_too_where_no_check_ever_answers(right):
    right.asked(1050)
    assert right.wake_at == 1050 + GRACE
    assert right.wake(1050 + GRACE) is Verdict.END


def test_another_reason_to_ask_does_not_prolong_it(right):
    right.asked(1050)
    right.asked(1200)
    assert right.wake(1050 + GRACE) is Verdict.END


def test_a_yes_after_failures_begins_again(right):
    right.asked(1100)
    right.failed(1101)
    right.asked(1101 + RETRY)
    right.granted(1140, jitter=0.5)
    assert right.wake(1100 + GRACE) is Verdict.ASK
    assert right.wake_at == 1140 + EVERY


def test_a_right_that_only_reasons_put_in_question_outlasts_failures_too():
    right = Right(None)
    right.granted(0, jitter=0)
    right.asked(1000)
    right.failed(1001)
    assert right.wake(1001 + RETRY) is Verdict.ASK
    assert right.wake(1000 + GRACE) is Verdict.END
