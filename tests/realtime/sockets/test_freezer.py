"""When what a process holds is frozen, and when it is thawed."""

import pytest

from realtime.sockets import freezer
from realtime.sockets.freezer import BATCH, MIN_ENDED, Freezer


class Collector:
    """Stands for Python's garbage collector, and says what was wanted of it."""

    def __init__(self):
        self.wanted = []
        self.is_on = True
        self.finds = 0
        """How many objects are garbage among those that are thawed."""

    def isenabled(self):
        return self.is_on

    def collect(self):
        self.wanted.append("collect")
        return self.finds if "unfreeze" in self.wanted[-2:] else 0

    def freeze(self):
        self.wanted.append("freeze")

    def unfreeze(self):
        self.wanted.append("unfreeze")

    @property
    def thaws(self):
        return self.wanted.count("unfreeze")


@pytest.fixture
def collector(monkeypatch):
    collector = Collector()
    monkeypatch.setattr(freezer, "gc", collector)
    return collector


def opened(freezer, *numbers):
    for number in range(*numbers):
        freezer.opened(number)


def ended(freezer, *numbers):
    for number in range(*numbers):
        freezer.ended(number)


def test_a_few_sockets_change_nothing(collector):
    freezer = Freezer()
    for number in range(10 * BATCH):
        freezer.opened(number)
        freezer.ended(number)
    opened(freezer, BATCH - 1)
    assert collector.wanted == []


def test_each_batch_of_new_sockets_is_frozen_when_the_garbage_is_gone(collector):
    freezer = Freezer()
    opened(freezer, BATCH)
    assert collector.wanted == ["collect", "freeze"]
    opened(freezer, BATCH, 3 * BATCH)
    assert collector.wanted == ["collect", "freeze"] * 3


def test_a_collector_that_the_site_has_switched_off_is_left_alone(collector):
    collector.is_on = False
    freezer = Freezer()
    opened(freezer, 2 * MIN_ENDED)
    ended(freezer, 2 * MIN_ENDED)
    assert collector.wanted == []


def test_when_all_sockets_were_replaced_one_pass_visits_all(collector):
    freezer = Freezer()
    opened(freezer, 2 * MIN_ENDED)
    collector.wanted.clear()
    ended(freezer, MIN_ENDED - BATCH)
    opened(freezer, 2 * MIN_ENDED, 2 * MIN_ENDED + BATCH)
    assert collector.wanted == ["collect", "freeze"]
    ended(freezer, MIN_ENDED - BATCH, MIN_ENDED + BATCH)
    assert collector.thaws == 0  # Not while many leave.
    opened(freezer, 2 * MIN_ENDED + BATCH, 2 * MIN_ENDED + 2 * BATCH)
    assert collector.wanted == ["collect", "freeze", "collect", "unfreeze", "collect", "freeze"]


def replace(freezer, sockets, times):
    """Have so many open sockets end and others come, so many times; numbers go on."""
    for number in range(sockets, (times + 1) * sockets):
        freezer.ended(number - sockets)
        freezer.opened(number)


def test_where_the_sockets_leave_nothing_a_thaw_is_ever_rarer(collector, caplog):
    caplog.set_level("INFO")
    freezer, sockets = Freezer(), 2 * MIN_ENDED
    opened(freezer, sockets)
    replace(freezer, sockets, times=16)
    assert collector.thaws == 4
    assert caplog.text.count("thawed ended=") == 4


def test_where_they_leave_cycles_it_is_not(collector):
    collector.finds = 10 * MIN_ENDED
    freezer, sockets = Freezer(), 2 * MIN_ENDED
    opened(freezer, sockets)
    replace(freezer, sockets, times=16)
    assert collector.thaws == pytest.approx(16, abs=2)
