"""What every backend of the recorder promises."""

import time
from dataclasses import replace

import pytest

from realtime.recorder.base import EndedBy, Following, Life, Process, Step

LEASE = 15.0
NOW = round(time.time(), 3)
PROCESS = Process("p" * 32, "host", 7, "uvicorn 0.30", NOW - 500)
OTHER = Process("q" * 32, "host", 8, "daphne 4", NOW - 400)


def following(stream="user.1", since=NOW - 100, **more):
    return Following(stream, "e", since, 5, 5, 5, **more)


def life(socket="s1", process=PROCESS, *followings, user="user.1", opened_at=NOW - 100, **more):
    about = socket, process.id, user, "A browser", opened_at
    return Life(*about, followings=followings, **more)


def over(life, ended_at=NOW - 10, code=4408, ended_by=EndedBy.SERVER):
    return replace(life, ended_at=ended_at, code=code, ended_by=ended_by)


def ids(lives):
    return sorted(life.socket for life in lives)


STEPS = (Step(6, NOW - 90, NOW - 88), Step(9, NOW - 50, None, is_replay=True))
WHOLE = Following("user.1", "epoch", NOW - 99, 5, 9, 6, NOW - 10, STEPS, selects=True)


def test_a_life_comes_back_as_it_was_written(backend):
    ended = over(life("s1", PROCESS, WHOLE, latency=0.025, proved_at=NOW - 88))
    backend.write(PROCESS, LEASE, [], [ended])
    assert list(backend.lives_of("user.1", NOW - 60, NOW)) == [replace(ended, followings=(WHOLE,))]


def test_the_end_completes_what_was_written_at_the_beginning(backend):
    begun = life("s1", PROCESS, following())
    backend.write(PROCESS, LEASE, [begun], [])
    (found,) = backend.lives_of("user.1", NOW - 200, NOW)
    assert (found.ended_at, found.ended_by, len(found.followings)) == (None, None, 1)
    later = following("call.7", NOW - 50, until=NOW - 10)
    backend.write(PROCESS, LEASE, [], [over(replace(begun, followings=[WHOLE, later]))])
    (found,) = backend.lives_of("user.1", NOW - 200, NOW)
    assert (found.code, found.ended_by) == (4408, EndedBy.SERVER)
    assert {one.stream for one in found.followings} == {"user.1", "call.7"}


def test_what_was_left_early_stays_when_the_end_does_not_repeat_it(backend):
    early, late = following("call.1", until=NOW - 90), following("call.2", NOW - 50)
    backend.write(PROCESS, LEASE, [life("s1", PROCESS, early)], [])
    backend.write(PROCESS, LEASE, [], [over(life("s1", PROCESS, late))])
    (found,) = backend.lives_of("user.1", NOW - 200, NOW)
    assert [one.stream for one in found.followings] == ["call.1", "call.2"]
    assert ids(backend.followers("call.1", NOW - 95, NOW)) == ["s1"]


def test_a_beginning_that_comes_late_does_not_undo_the_end(backend):
    begun = life("s1", PROCESS, following("call.1"))
    backend.write(PROCESS, LEASE, [], [over(begun)])
    backend.write(PROCESS, LEASE, [begun], [])
    (found,) = backend.lives_of("user.1", NOW - 200, NOW)
    assert found.ended_by == EndedBy.SERVER
    assert list(backend.open_lives("", 10)) == []


def test_a_write_may_be_repeated(backend):
    ended = over(life("s1", PROCESS, WHOLE))
    for _ in range(2):
        backend.write(PROCESS, LEASE, [life("s2", PROCESS, following())], [ended])
    assert ids(backend.lives_of("user.1", NOW - 200, NOW)) == ["s1", "s2"]
    assert len(backend.followers("user.1", NOW - 200, NOW)) == 2


def test_followers_are_those_of_the_stream_at_that_time(backend):
    lives = [
        over(life("early", PROCESS, following(until=NOW - 80)), ended_at=NOW - 80),
        over(life("there", PROCESS, following(), following("user.10"))),
        over(life("unsubscribed", PROCESS, following(until=NOW - 70))),
        over(life("elsewhere", PROCESS, following("user.2"))),
        over(life("late", PROCESS, following(since=NOW - 20), opened_at=NOW - 20)),
    ]
    backend.write(PROCESS, LEASE, [], lives)
    found = backend.followers("user.1", NOW - 60, NOW - 50)
    assert ids(found) == ["there"]
    assert [one.stream for one in found[0].followings] == ["user.1"]
    assert ids(backend.followers("user.1", NOW - 75, NOW)) == ["late", "there", "unsubscribed"]


def test_lives_of_a_user_at_a_time(backend):
    lives = [
        over(life("before"), ended_at=NOW - 80),
        over(life("during")),
        over(life("after", opened_at=NOW - 20)),
        over(life("other", user="user.2")),
        over(life("visitor", user=None)),
    ]
    backend.write(PROCESS, LEASE, [], lives)
    assert ids(backend.lives_of("user.1", NOW - 60, NOW - 50)) == ["during"]
    assert ids(backend.lives_of("user.1", NOW - 90, NOW)) == ["after", "before", "during"]


def test_open_lives_page_by_page(backend):
    lives = [life(f"s{number}", PROCESS, following()) for number in range(5)]
    backend.write(PROCESS, LEASE, lives, [])
    backend.write(PROCESS, LEASE, [], [over(lives[2])])
    assert ids(backend.open_lives("", 2)) == ["s0", "s1"]
    assert ids(backend.open_lives("s1", 10)) == ["s3", "s4"]
    assert list(backend.open_lives("s4", 10)) == []


def test_a_process_that_is_killed_ends_its_lives(backend, lose_leases):
    backend.write(PROCESS, LEASE, [life("s1", PROCESS, following())], [])
    backend.write(OTHER, LEASE, [life("s2", OTHER, following())], [])
    lose_leases(LEASE + 20)
    backend.write(OTHER, LEASE, [], [])
    (died, alive) = backend.processes(NOW - 600)
    assert (died.id, died.has_died, alive.id, alive.has_died) == (PROCESS.id, True, OTHER.id, False)
    assert alive == OTHER
    assert ids(backend.open_lives("", 10)) == ["s2"]
    found = {one.socket: one for one in backend.followers("user.1", NOW - 600, NOW)}
    assert found["s1"].ended_by == EndedBy.PROCESS
    assert found["s1"].ended_at == pytest.approx(died.ended_at, abs=1.0)
    assert found["s2"].ended_by is None
    backend.write(PROCESS, LEASE, [], [])  # It was the store that was away.
    assert ids(backend.open_lives("", 10)) == ["s1", "s2"]


def test_a_process_that_stops_has_not_died(backend, lose_leases):
    backend.write(PROCESS, LEASE, [life("s1")], [])
    backend.stop(PROCESS.id)
    lose_leases(LEASE + 20)
    (stopped,) = backend.processes(NOW - 600)
    assert not stopped.has_died
    assert stopped.ended_at == pytest.approx(time.time(), abs=60)
    assert list(backend.open_lives("", 10)) == []
    assert list(backend.processes(stopped.ended_at + 1)) == []


def test_only_what_is_old_is_pruned(backend, lose_leases):
    now = time.time()  # A long run may have imported this file minutes ago.
    old = over(life("old", PROCESS, following(until=now - 90)), ended_at=now - 90)
    young = over(life("young", PROCESS, following()), ended_at=now - 5)
    backend.write(PROCESS, LEASE, [life("open", PROCESS, following())], [old, young])
    assert backend.prune(50) == 1
    assert ids(backend.followers("user.1", NOW - 600, NOW)) == ["open", "young"]
    assert backend.prune(50) == 0
    lose_leases(LEASE + 60)
    backend.write(OTHER, LEASE, [life("s2", OTHER)], [])
    assert backend.prune(50) >= 1
    assert "open" not in ids(backend.lives_of("user.1", NOW - 600, NOW))
    assert "s2" in ids(backend.lives_of("user.1", NOW - 600, NOW))


@pytest.mark.parametrize("text", ["", "\u2028 'quoted' \"text\" {} %s", "é" * 200])
def test_any_text_is_kept(backend, text):
    backend.write(PROCESS, LEASE, [], [over(replace(life(), user_agent=text))])
    (found,) = backend.lives_of("user.1", NOW - 60, NOW)
    assert found.user_agent == text
