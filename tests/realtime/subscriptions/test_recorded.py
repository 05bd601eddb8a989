"""What the recorder says of real subscriptions, beside what their clients really got."""

import asyncio

import pytest

from realtime.eventlog import event_log
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.rules import Rules
from realtime.recorder.base import EndedBy
from realtime.recorder.recorder import MAX_LEFT, running_recorder
from realtime.recorder.remembered import REMEMBER
from realtime.recorder.wire import life_from_json
from realtime.subscriptions.cached import CachedSubscription
from realtime.subscriptions.selective import SelectiveSubscription
from realtime.subscriptions.subscription import Subscription
from tests.realtime.subscriptions.client import Client, Thing
from tests.virtual_time import elapsed, settle

STREAM = "thing.1"
LIMIT = 4096
"""Bytes in flight, where a test has a full socket."""
LONG_TEXT = "x" * (LIMIT // 3)
PING = 10.1
"""Seconds, at most, until a ping is answered: it may be up to 50 ms later than its interval."""


@pytest.fixture
def log(settings, log):
    settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
    return event_log()


@pytest.fixture
async def recorder(client):
    running_recorder().opened(client.socket, "user.1", "A browser")
    return running_recorder()


def following(recorder, stream=STREAM, **about):
    (life,) = recorder.lives(stream=stream, **about)
    return life.followings[-1]


def live(following):
    return [step.offset for step in following.steps if not step.is_replay]


def replayed(following):
    return [step.offset for step in following.steps if step.is_replay]


async def test_events_are_handed_out_and_then_proved(recorder, subscription, client, publish):
    await publish(STREAM, "before")
    await subscription.start(None, None)
    await publish(STREAM, "a", "b")
    found = following(recorder)
    assert (found.began_after, found.handed, found.proved, live(found)) == (1, 3, 1, [2, 3])
    assert [step.proved_at for step in found.steps] == [None, None]
    await asyncio.sleep(PING)
    found = following(recorder)
    assert (found.handed, found.proved) == (3, 3)
    waited = [step.proved_at - step.handed_at for step in found.steps]
    assert all(0 <= seconds <= PING for seconds in waited)
    await publish(STREAM, "c")
    assert following(recorder).proved == 3


async def test_a_client_that_does_not_answer_proves_nothing(
    recorder, subscription, client, publish
):
    await subscription.start(None, None)
    await asyncio.sleep(PING)
    client.reads = False
    await publish(STREAM, "lost")
    await asyncio.sleep(20)
    await publish(STREAM, "after the end")
    assert client.code == CloseCode.STALE
    (life,) = recorder.lives(user="user.1")
    assert (life.code, life.ended_by) == (CloseCode.STALE, EndedBy.SERVER)
    (found,) = life.followings
    assert (found.handed, found.proved) == (1, 0), "what came after the close was not handed out"
    assert recorder.was_handed(STREAM, found.epoch, 1)
    assert not recorder.was_handed(STREAM, found.epoch, 2)
    subscription.end()
    recorder.ended(client.socket.id, 1006)
    (over,) = recorder.lives(user="user.1")
    assert over.code == CloseCode.STALE, "the server's own code, not what followed"
    assert (over.followings[0].handed, over.ended_at) == (1, life.ended_at)
    assert not recorder.was_handed(STREAM, found.epoch, 2)


async def test_what_was_missed_is_a_replay(recorder, subscription, client, log, publish):
    log.write(STREAM, *range(5))
    await subscription.start(log.start(STREAM)._replace(offset=2), None)
    await settle()
    found = following(recorder)
    assert (found.began_after, found.handed, replayed(found), live(found)) == (2, 5, [5], [])
    await publish(STREAM, "live")
    assert live(following(recorder)) == [6]


async def test_a_socket_that_is_full_falls_behind(recorder, subscription, client, publish):
    await subscription.start(None, None)
    client.reads = False
    await publish(STREAM, *(f"{n}{LONG_TEXT}" for n in range(6)))
    got = len(client.data)
    assert 0 < got < 6
    found = following(recorder)
    assert (found.handed, found.proved) == (got, 0), "the others wait for room"
    assert not recorder.was_handed(STREAM, found.epoch, 6)
    client.read_on()
    await settle()
    await publish(STREAM, "live")
    found = following(recorder)
    assert len(client.data) == found.handed == 7
    assert live(found) == [*range(1, got + 1), 7]
    assert replayed(found)[-1] == 6
    assert recorder.was_handed(STREAM, found.epoch, 6)


async def test_a_new_epoch_is_another_following(recorder, subscription, client, hub, log, publish):
    await publish(STREAM, *range(3))
    await subscription.start(None, None)
    await publish(STREAM, "of the old one")
    log.forget(STREAM)
    await hub.check()
    await settle()
    await publish(STREAM, "of the new one")
    (life,) = recorder.lives(stream=STREAM)
    old, new = life.followings
    assert (old.began_after, old.handed, live(old), new.handed, live(new)) == (3, 4, [4], 1, [1])
    assert old.epoch != new.epoch and old.until is not None and new.until is None
    assert recorder.was_handed(STREAM, old.epoch, 4)
    assert not recorder.was_handed(STREAM, new.epoch, 4)


async def test_frames_that_the_end_of_a_right_dropped_are_never_proved(
    recorder,
    subscription,
    client,
    publish,
):
    await subscription.start(None, None)
    await asyncio.sleep(PING)
    await publish(STREAM, "dropped")
    subscription.end(has_dropped=True)
    await asyncio.sleep(2 * PING)
    assert (following(recorder).handed, following(recorder).proved) == (1, 0)


async def test_a_stream_that_was_left_is_proved_later(recorder, subscription, client, publish):
    await subscription.start(None, None)
    await publish(STREAM, "a")
    subscription.end()
    await publish(STREAM, "after it was left")
    await asyncio.sleep(PING)
    found = following(recorder)
    assert (found.handed, found.proved) == (1, 1)
    assert found.until is not None


async def test_what_a_class_passes_over_was_not_handed_out(recorder, client, stream, hub, publish):
    stream.values = {"to": "me"}
    selecting = SelectiveSubscription(client.socket, stream, hub, Rules(fields=("to",)))
    await selecting.start(None, None)
    await publish(STREAM, {"to": "you"}, {"to": "me"}, {"to": "you"})
    found = following(recorder)
    assert (found.selects, live(found), found.handed) == (True, [2], 2)
    handed = [recorder.was_handed(STREAM, found.epoch, offset) for offset in (1, 2, 3)]
    assert handed == [False, True, False]


@pytest.mark.parametrize("count", [20, 40, 90, 300])
async def test_what_a_class_selected_long_ago_is_not_called_passed_over(
    recorder, client, stream, hub, publish, count
):
    stream.values = {"to": "me"}
    selecting = SelectiveSubscription(client.socket, stream, hub, Rules(fields=("to",)))
    await selecting.start(None, None)
    for _ in range(count):
        await publish(STREAM, {"to": "you"}, {"to": "me"})
        await asyncio.sleep(PING)
    found = following(recorder)
    handed = range(2, 2 * count + 1, 2)
    assert all(found.step_of(one) or found.may_have_joined(one) for one in handed)
    newest = range(max(1, 2 * count - 61), 2 * count, 2)
    assert not any(found.step_of(one) or found.may_have_joined(one) for one in newest)


async def test_a_cached_stream_hands_out_the_newest(recorder, client, hub, log, publish):
    log.write(STREAM, *range(5))
    subscription = CachedSubscription(client.socket, Thing(STREAM), hub, Rules())
    await subscription.start(None, None)
    await settle()
    await publish(STREAM, "live")
    found = following(recorder)
    assert [step.offset for step in found.steps] == [5, 6]
    assert replayed(found) == [5]
    assert client.data == [4, "live"]


async def test_the_socket_that_an_event_excludes_was_not_handed_it(
    recorder,
    subscription,
    client,
    publish,
):
    await subscription.start(None, None)
    await publish(STREAM, "for the others", exclude=client.socket.id)
    epoch = following(recorder).epoch
    assert not recorder.was_handed(STREAM, epoch, 1, exclude=client.socket.id)


async def test_lives_of_a_stream_of_a_user_and_page_by_page(recorder, client, hub, stream):
    others = [Client() for _ in range(4)]
    for number, other in enumerate(others):
        recorder.opened(other.socket, f"user.{number + 2}", "")
        if number < 2:
            await Subscription(other.socket, stream, hub).start(None, None)
    everyone = [client, *others]
    assert len(recorder.lives(stream=STREAM)) == 2
    assert [life.socket for life in recorder.lives(user="user.2")] == [others[0].socket.id]
    ids = sorted(one.socket.id for one in everyone)
    first = [life.socket for life in recorder.lives(limit=3)]
    assert first + [life.socket for life in recorder.lives(after=first[-1])] == ids
    answer = await recorder.answer_lives({"stream": STREAM})
    assert [life_from_json(life) for life in answer] == recorder.lives(stream=STREAM)


async def test_a_long_answer_lets_others_have_their_turns(
    recorder, client, hub, stream, monkeypatch
):
    monkeypatch.setattr("realtime.recorder.recorder.TURN", -1)
    await Subscription(client.socket, stream, hub).start(None, None)
    for other in [Client() for _ in range(20)]:
        recorder.opened(other.socket, "user.2", "")
        await Subscription(other.socket, stream, hub).start(None, None)
    answering = asyncio.ensure_future(recorder.answer_lives({"stream": STREAM}))
    turns = 0
    while not answering.done():
        turns += 1
        await asyncio.sleep(0)
    assert (len(await answering), turns > 20) == (21, True)


async def test_a_life_is_remembered_for_a_while(recorder, client, subscription, publish):
    await subscription.start(None, None)
    await publish(STREAM, "a")
    subscription.end()
    recorder.ended(client.socket.id, 1001)
    (life,) = recorder.lives(stream=STREAM)
    assert (life.code, life.ended_by) == (1001, EndedBy.CLIENT)
    assert recorder.was_handed(STREAM, life.followings[0].epoch, 1)
    await asyncio.sleep(REMEMBER + 1)
    assert recorder.lives() == []
    assert not recorder.was_handed(STREAM, life.followings[0].epoch, 1)


@pytest.mark.parametrize(
    ("code", "ended_by"), [(1000, "client"), (1006, "client"), (None, "server"), (1012, "server")]
)
async def test_who_ended_it(recorder, client, code, ended_by):
    recorder.ended(client.socket.id, code)
    (life,) = recorder.lives()
    assert (life.code, life.ended_by) == (code, ended_by)


async def test_a_socket_that_follows_thousands_of_streams_one_by_one(recorder, client, hub, stream):
    for number in range(3 * MAX_LEFT):
        subscription = Subscription(client.socket, Thing(f"thing.{number}"), hub)
        await subscription.start(None, None)
        subscription.end()
    (life,) = recorder.lives(user="user.1")
    assert len(life.followings) <= MAX_LEFT + 1
    assert elapsed() < 100


async def test_nothing_is_recorded_where_it_is_off(settings, client, subscription, publish):
    settings.REALTIME = {**settings.REALTIME, "RECORDER": False}
    recorder = running_recorder()
    recorder.opened(client.socket, "user.1", "A browser")
    await subscription.start(None, None)
    await publish(STREAM, "a")
    recorder.ended(client.socket.id, 1000)
    assert client.data == ["a"]
    assert recorder.lives() == []
    assert client.socket.proofs is None and subscription._feed.hand_outs is None
