"""A subscription that selects: what its client gets, and that it never finds a hole."""

import asyncio
import random

import pytest

from realtime.eventlog import event_log
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.rules import Rules
from realtime.subscriptions.selective import SKIP_WITHIN, SelectiveSubscription
from tests.realtime.subscriptions.client import Client, Thing
from tests.virtual_time import elapsed, settle

STREAM = "thing.1"
LIMIT = 4096
"""Bytes in flight, where a test has a full socket."""
LONG_TEXT = "x" * (LIMIT // 3)


@pytest.fixture
def selecting(client, stream, hub):
    """Make a subscription of the client with rules and values of fields."""

    def make(values=None, **rules):
        stream.values = values or {}
        return SelectiveSubscription(client.socket, stream, hub, Rules(**rules))

    return make


def to(whom, text=""):
    return {"to": whom, "text": text}


class TestFields:
    async def test_a_client_gets_what_has_its_values(self, selecting, client, publish):
        await selecting({"to": "me"}, fields=("to",)).start(None, None)
        await publish(STREAM, to("you"), to("me"), "for all", to("you"), to("me"))
        assert client.data == [to("me"), "for all", to("me")]
        assert client.position() == 5

    async def test_what_follows_nothing_is_said_after_a_while(self, selecting, client, publish):
        await selecting({"to": "me"}, fields=("to",)).start(None, None)
        for _ in range(10):
            await publish(STREAM, to("you"))
        assert client.skipped == []
        await asyncio.sleep(SKIP_WITHIN + 0.1)
        assert client.skipped == [(0, 10)]
        await asyncio.sleep(10)
        assert client.skipped == [(0, 10)]

    async def test_a_replay_is_selected_from_too(self, selecting, client, log):
        log.write(STREAM, to("me"), to("you"), to("me"), to("you"))
        await selecting({"to": "me"}, fields=("to",)).start(log.start(STREAM), None)
        await settle()
        assert client.replayed == [to("me"), to("me")]
        assert client.position(resumed_from=0) == 4, "it is caught up without waiting"

    async def test_ephemeral_events_are_selected_from(self, selecting, client, publish_ephemeral):
        await selecting({"to": "me"}, fields=("to",)).start(None, None)
        await publish_ephemeral(STREAM, to("you"))
        await publish_ephemeral(STREAM, to("me"))
        assert client.data == [to("me")]
        assert client.skipped == []

    async def test_a_reset_begins_again(self, selecting, client, log, hub, publish):
        await selecting({"to": "me"}, fields=("to",)).start(None, None)
        await publish(STREAM, to("you"), to("you"))
        log.forget(STREAM)
        await publish(STREAM, to("you"))
        await hub.check()
        await publish(STREAM, to("me"))
        await asyncio.sleep(2)
        assert client.types[:2] == ["subscribed", "reset"]
        assert client.position() == log.top(STREAM).offset
        assert client.data == [to("me")]

    async def test_when_it_has_ended_nothing_is_said_any_more(self, selecting, client, publish):
        subscription = selecting({"to": "me"}, fields=("to",))
        await subscription.start(None, None)
        await publish(STREAM, to("you"))
        subscription.end()
        await asyncio.sleep(5)
        assert client.types == ["subscribed"]


class TestExtra:
    async def test_what_the_client_gave_comes_with_each_event(
        self, client, hub, log, publish, publish_ephemeral
    ):
        log.write(STREAM, "missed")
        stream = Thing(STREAM)
        stream._serve(client.socket.id, {"page": 7})
        subscription = SelectiveSubscription(client.socket, stream, hub, Rules())
        await subscription.start(log.start(STREAM), None)
        await publish(STREAM, "live")
        await publish_ephemeral(STREAM, "typing")
        events = [frame for frame in client.frames if frame["type"] == "event"]
        assert [event["data"] for event in events] == ["missed", "live", "typing"]
        assert [event["extra"] for event in events] == [{"page": 7}] * 3

    async def test_followers_with_equal_fields_share_one_message(self, hub, log, publish):
        messages = []

        class Server(Client):
            async def send(self, message):
                messages.append(message)

        for page in (1, 1, 2):
            client, stream = Server(), Thing(STREAM)
            stream._serve(client.socket.id, {"page": page})
            await SelectiveSubscription(client.socket, stream, hub, Rules()).start(None, None)
        messages.clear()
        await publish(STREAM, "news")
        first, second, third = messages
        assert first is second
        assert first is not third


class TestOrder:
    async def test_an_older_event_is_passed_over(self, selecting, client, publish):
        await selecting(order="n", order_key="k").start(None, None)
        events = [{"k": "a", "n": 1}, {"k": "a", "n": 3}, {"k": "b", "n": 1}, {"k": "a", "n": 2}]
        await publish(STREAM, *events, "end")
        assert client.data == [*events[:3], "end"]
        assert client.position() == 5

    async def test_the_order_of_a_replay_holds_for_what_comes_live(
        self, selecting, client, log, publish
    ):
        log.write(STREAM, {"n": 1}, {"n": 5})
        await selecting(order="n").start(log.start(STREAM), None)
        await publish(STREAM, {"n": 4}, {"n": 6})
        assert client.data == [{"n": 1}, {"n": 5}, {"n": 6}]


class TestThrottle:
    async def test_the_newest_comes_every_so_often_and_the_last_one_always(
        self, selecting, client, publish
    ):
        await selecting(throttle=1).start(None, None)
        came = []
        for number in range(25):
            await publish(STREAM, number)
            await asyncio.sleep(0.1)
            came += [(number, one) for one in client.data[len(came) :]]
        await asyncio.sleep(1.1)
        assert client.data[0] == 0 and client.data[-1] == 24
        assert 3 <= len(client.data) <= 5
        assert client.position() == 25

    async def test_the_position_stays_before_what_is_held(self, selecting, client, publish):
        await selecting(throttle=5).start(None, None)
        await publish(STREAM, "first")
        await publish(STREAM, "second", "third")
        await asyncio.sleep(3)
        assert client.position() == 2, "the third is still due"
        await asyncio.sleep(3)
        assert client.data == ["first", "third"]
        assert client.position() == 3

    async def test_a_client_that_comes_back_gets_what_was_held(
        self, selecting, client, stream, hub, log, publish
    ):
        first = selecting(throttle=60)
        await first.start(None, None)
        await publish(STREAM, "shown", "replaced", "held")
        await asyncio.sleep(2)
        first.end()
        position = log.top(STREAM)._replace(offset=client.position())
        again = Client()
        other = SelectiveSubscription(again.socket, stream, hub, Rules(throttle=60))
        await other.start(position, None)
        await settle()
        assert client.data + again.data == ["shown", "held"]
        assert again.position(resumed_from=position.offset) == 3

    async def test_a_replay_is_throttled_too(self, selecting, client, log):
        log.write(STREAM, *range(300))
        began = elapsed()
        await selecting(throttle=1).start(log.start(STREAM), None)
        await asyncio.sleep(1.2)
        assert client.data == [0, 299]
        assert client.position(resumed_from=0) == 300
        assert elapsed() - began < 2


class TestAFullSocket:
    @pytest.fixture
    def log(self, settings, log):
        settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
        return event_log()

    async def test_it_catches_up_and_nothing_is_lost_or_doubled(self, selecting, client, publish):
        await selecting({"to": "me"}, fields=("to",)).start(None, None)
        client.reads = False
        for number in range(12):
            await publish(STREAM, to("me", f"{number}{LONG_TEXT}"), to("you"))
        assert len(client.data) < 12
        client.read_on()
        await asyncio.sleep(2)
        assert [one["text"][: -len(LONG_TEXT)] for one in client.data] == [
            str(number) for number in range(12)
        ]
        assert client.position() == 24

    async def test_what_a_beat_brings_fits_later(self, selecting, client, publish):
        await selecting(throttle=1, throttle_key="k").start(None, None)
        client.reads = False
        for number in range(9):
            await publish(STREAM, {"k": number, "text": LONG_TEXT})
        await asyncio.sleep(1.2)
        assert len(client.data) < 9
        await publish(STREAM, {"k": "late"})
        client.read_on()
        await asyncio.sleep(3)
        assert [one["k"] for one in client.data] == [*range(9), "late"]
        assert client.position() == 10

    async def test_after_a_reset_nothing_of_before_is_sent(
        self, selecting, client, log, hub, publish
    ):
        await selecting(order="n").start(None, None)
        client.reads = False
        for number in range(6):
            await publish(STREAM, {"n": number, "text": LONG_TEXT})
        sent = len(client.data)
        log.forget(STREAM)
        await hub.check()
        client.read_on()
        await settle()
        await publish(STREAM, {"n": 1})
        assert client.types[sent + 1 :] == ["reset", "event"]
        assert client.position() == 1

    async def test_ephemeral_events_wait_for_it(
        self, selecting, client, publish, publish_ephemeral
    ):
        await selecting(order="n").start(None, None)
        client.reads = False
        for number in range(6):
            await publish(STREAM, {"n": number, "text": LONG_TEXT})
        await publish_ephemeral(STREAM, "typing")
        client.read_on()
        await settle()
        assert client.data[-1] == "typing"
        assert len(client.data) == 7


async def test_of_early_ephemeral_events_the_newest_are_held(
    selecting, client, stream, publish_ephemeral
):
    stream.answers.clear()
    starting = asyncio.create_task(selecting(order="n").start(None, None))
    await settle()
    for number in range(MAX_EPHEMERAL + 2):
        await publish_ephemeral(STREAM, {"n": number})
    stream.answers.set()
    await starting
    assert client.data == [{"n": number} for number in range(2, MAX_EPHEMERAL + 2)]


async def test_an_event_of_its_own_is_passed_over(selecting, client, publish, publish_ephemeral):
    await selecting(order="n").start(None, None)
    await publish(STREAM, {"n": 5}, exclude=client.socket.id)
    await publish_ephemeral(STREAM, {"n": 6}, exclude=client.socket.id)
    await publish(STREAM, {"n": 1})
    assert client.data == [{"n": 1}]
    assert client.position() == 2


class TestWhateverHappens:
    """A client with bad luck: full, cut off, back again, with broadcasts lost on their way."""

    @pytest.fixture
    def log(self, settings, log):
        settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
        return event_log()

    @pytest.mark.parametrize("seed", range(30))
    async def test_it_gets_what_is_for_it_once_and_in_order(self, hub, log, broker, publish, seed):
        page = Page(hub, log, publish, Rules(fields=("to",)), {"to": "me"})
        published = await page.live_through(random.Random(seed))
        wanted = [n for n, data in enumerate(published) if data["to"] == "me"]
        assert page.numbers == wanted
        assert page.position.offset == len(published)

    @pytest.mark.parametrize("seed", range(30))
    async def test_of_each_key_it_gets_the_last(self, hub, log, broker, publish, seed):
        rules = Rules(fields=("to",), throttle=2, throttle_key="k")
        page = Page(hub, log, publish, rules, {"to": "me"})
        published = await page.live_through(random.Random(seed))
        wanted = [n for n, data in enumerate(published) if data["to"] == "me"]
        assert page.numbers == sorted(set(page.numbers) & set(wanted))
        last = {published[n]["k"]: n for n in wanted}
        assert set(last.values()) <= set(page.numbers)
        assert page.position.offset == len(published)


class Page:
    """A page that follows a stream, over one socket after another."""

    def __init__(self, hub, log, publish, rules, values):
        self.hub, self.log, self.publish = hub, log, publish
        self.rules, self.values = rules, values
        self.numbers = []
        """The numbers of the events that it has got."""
        self.position = log.top(STREAM)

    async def live_through(self, dice):
        """Let sixty things happen, then give it time; returns what was published."""
        published = []
        await self.connect()
        for _ in range(60):
            step = dice.choice(["publish", "publish", "lose", "wait", "stop", "read", "reconnect"])
            if step in ("publish", "lose"):
                size = dice.choice([1, 1, LIMIT // 3])
                data = {"n": len(published), "to": dice.choice(["me", "you"]), "text": "x" * size}
                data["k"] = dice.choice("ab")
                published.append(data)
                if step == "publish":
                    await self.publish(STREAM, data)
                else:
                    self.log.write(STREAM, data)
            elif step == "wait":
                await asyncio.sleep(dice.random() * 2)
            elif step == "reconnect":
                self.disconnect()
                await self.connect()
            else:
                self.client.reads = step == "read"
                self.client.answer()
        self.disconnect()
        await self.connect()  # The server may have given up one that did not read.
        await self.hub.check()
        await asyncio.sleep(10)
        self.disconnect()
        return published

    async def connect(self):
        self.client = Client()
        stream = Thing(STREAM)
        stream.values = self.values
        self.subscription = SelectiveSubscription(self.client.socket, stream, self.hub, self.rules)
        await self.subscription.start(self.position, None)

    def disconnect(self):
        """Lose the connection; the page keeps its position, and all that has come."""
        self.subscription.end()
        self.client.socket.disconnected()
        assert self.client.frames[0]["recovered"] is True
        offset = self.client.position(resumed_from=self.position.offset)
        self.position = self.position._replace(offset=offset)
        self.numbers += [data["n"] for data in self.client.data]
