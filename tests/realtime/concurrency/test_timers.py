"""Timers in slots: who is called, when, and who is not."""

import asyncio

import pytest

from realtime.concurrency.timers import SLOT, Timers


class Sleeper:
    """Does what a test says when it is woken."""

    def __init__(self, do):
        self._do = do

    def wake(self):
        self._do()


class Loop:
    """The edge: an event loop whose clock stands where it is put."""

    def __init__(self):
        self.now = 100.0
        self._waiting = []

    def call_at(self, when, callback, *args):
        self._waiting.append((when, callback, args))

    def call_soon(self, callback, *args):
        self.call_at(self.now, callback, *args)

    def go_to(self, now):
        self.now = now
        due = [one for one in self._waiting if one[0] <= now]
        self._waiting = [one for one in self._waiting if one[0] > now]
        for _, callback, args in due:
            callback(*args)

    @property
    def wake_ups(self):
        return len(self._waiting)


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_each_is_called_once_never_early_and_at_most_a_slot_late(loop):
    timers, called = Timers(), []
    for name, when in [("a", 110.001), ("b", 110.049), ("c", 112)]:
        timers.add(when, Sleeper(lambda name=name: called.append(name)))
    loop.go_to(110)
    assert called == []
    loop.go_to(110.001 + SLOT)
    assert sorted(called) == ["a", "b"]
    loop.go_to(112.001)
    loop.go_to(120)
    assert sorted(called) == ["a", "b", "c"]


def test_many_of_one_slot_wake_the_loop_once(loop):
    timers = Timers()
    for number in range(100):
        timers.add(110 + number / 10_000, Sleeper(int))
    assert loop.wake_ups <= 2


def test_who_is_discarded_is_not_called_also_not_by_one_of_the_same_slot(loop):
    timers, called = Timers(), []

    second = Sleeper(lambda: called.append("second"))

    def wake_first():
        called.append("first")
        timers.discard(slot, second)

    first = Sleeper(wake_first)
    slot = timers.add(110, first)
    assert timers.add(110, second) == slot

    third = Sleeper(lambda: called.append("third"))
    timers.discard(timers.add(115, third), third)
    loop.go_to(110)
    loop.go_to(116)
    assert called == ["first"]
    timers.discard(slot, first)  # It is gone, and that does no harm.


def test_one_that_fails_does_not_keep_the_others_from_being_called(loop, caplog):
    timers, called = Timers(), []
    timers.add(110, Sleeper(lambda: 1 / 0))
    timers.add(110, Sleeper(lambda: called.append("other")))
    loop.go_to(110)
    assert called == ["other"]
    assert "ZeroDivisionError" in caplog.text


def test_one_that_is_due_again_immediately_waits_for_the_loop(loop):
    timers, called = Timers(), []

    def again():
        called.append(loop.now)
        if len(called) < 3:
            timers.add(110, sleeper)

    sleeper = Sleeper(again)
    timers.add(110, sleeper)
    loop.go_to(110)
    assert called == [110]
    loop.go_to(110)
    loop.go_to(110)
    assert called == [110] * 3
    assert loop.wake_ups == 0
