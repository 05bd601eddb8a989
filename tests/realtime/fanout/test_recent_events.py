from dataclasses import replace

from realtime.eventlog import Draft, LoggedEvent
from realtime.eventlog.retention import Retention
from realtime.fanout.recent_events import MAX_AGE, MAX_BYTES, RecentEvents

KEPT = Retention(1000, 3600)


def event(offset, size=1):
    return LoggedEvent.of(Draft("id", "n", f'"{"x" * size}"', 0), "user.1", "e", offset)


def offsets(events):
    return None if events is None else [event.offset for event in events]


def test_those_after_an_offset_if_they_are_all_here():
    recent = RecentEvents(KEPT)
    assert recent.since(0) is None
    for offset in (5, 6, 7):
        recent.add(event(offset))
    assert offsets(recent.since(3)) is None
    assert offsets(recent.since(4)) == [5, 6, 7]
    assert offsets(recent.since(6)) == [7]
    assert offsets(recent.since(7)) == []


def test_what_was_read_for_one_client_is_kept_for_others():
    recent = RecentEvents(KEPT)
    recent.start_with([event(1), event(2)])
    recent.start_with([event(1)])
    recent.add(event(3))
    assert offsets(recent.since(0)) == [1, 2, 3]


def test_no_more_than_retention_keeps():
    recent = RecentEvents(Retention(2, 3600))
    for offset in (1, 2, 3):
        recent.add(event(offset))
    assert recent.since(0) is None
    assert offsets(recent.since(1)) == [2, 3]


def test_no_older_than_a_minute():
    now = [100.0]
    recent = RecentEvents(KEPT, lambda: now[0])
    recent.add(event(1))
    now[0] += MAX_AGE
    recent.add(event(2))
    assert offsets(recent.since(0)) == [1, 2]
    now[0] += 1
    assert recent.since(0) is None
    assert offsets(recent.since(1)) == [2]


def test_memory_is_bounded():
    recent = RecentEvents(KEPT)
    for offset in range(1, 11):
        recent.add(event(offset, size=MAX_BYTES // 5))
    kept = recent.since(9)
    assert offsets(kept) == [10]
    assert recent.since(5) is None


def test_another_event_with_the_same_offset_contradicts():
    recent = RecentEvents(KEPT)
    recent.add(event(1))
    assert not recent.contradict([event(1)])
    assert not recent.contradict([replace(event(2), id="another")])
    assert recent.contradict([event(2), replace(event(1), id="another")])
