"""How many names may be in use at a time, and shortly after."""

import pytest

from realtime.protocol.quota import Quota


@pytest.fixture
def quota():
    return Quota(2, keep=30)


def test_one_name_too_many_is_refused(quota):
    assert [quota.take(name, 0) for name in ("a", "b", "c")] == [True, True, False]


def test_a_name_counts_once_however_often_it_is_taken(quota):
    assert [quota.take(name, 0) for name in ("a", "a", "a", "b")] == [True] * 4
    quota.release("a", 0)
    assert not quota.take("c", 100)


def test_a_released_name_counts_for_a_while(quota):
    quota.take("a", 0)
    quota.take("b", 0)
    quota.release("a", 10)
    quota.release("b", 20)
    assert not quota.take("c", 39.9)
    assert quota.take("c", 40)
    assert not quota.take("d", 49)
    assert quota.take("d", 50)


def test_a_name_that_was_released_may_be_taken_again_without_a_wait(quota):
    for name in ("a", "b"):
        quota.take(name, 0)
        quota.release(name, 1)
    assert not quota.take("c", 2)
    assert [quota.take(name, 2) for name in ("a", "b")] == [True, True]


def test_the_last_release_counts(quota):
    quota.take("a", 0)
    quota.release("a", 0)
    quota.take("a", 20)
    quota.take("b", 20)
    quota.release("a", 20)
    assert not quota.take("c", 40)
    assert quota.take("c", 50)


def test_it_is_unused_when_nothing_counts(quota):
    assert quota.is_unused(0)
    quota.take("a", 0)
    assert not quota.is_unused(100)
    quota.release("a", 100)
    assert not quota.is_unused(129)
    assert quota.is_unused(130)
