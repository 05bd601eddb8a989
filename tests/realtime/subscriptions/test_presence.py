"""What a page gets of the list of who follows a stream, and what it says there of its user."""

import asyncio

import pytest
from django.contrib.auth.models import AnonymousUser

from realtime.access.login import Login
from realtime.concurrency.threads import nonblocking
from realtime.exceptions import Refused
from realtime.roster import presence_backend, sweeper
from realtime.roster.roster import running_roster
from realtime.streams import register, sign_stream
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.presence import SETS_PER_SECOND
from tests.realtime.subscriptions.client import Thing
from tests.virtual_time import elapsed

STREAM = "meeting.1"


@register("meeting")
class Meeting(Thing):
    presence = True
    decides = None
    """What the meta is, or raises; None takes what is wanted and adds the name."""

    @nonblocking
    def presence_meta(self, user, wanted):
        if isinstance(self.decides, Exception):
            raise self.decides
        return {"name": f"user {user.pk}", **wanted} if self.decides is None else self.decides


@pytest.fixture(autouse=True)
def no_announcements(monkeypatch):
    """They are made in threads, for which a clock that jumps does not wait."""
    monkeypatch.setattr(sweeper, "announce_pending", nonblocking(lambda backend: None))


@pytest.fixture
def decides(monkeypatch):
    return lambda answer: monkeypatch.setattr(Meeting, "decides", answer)


@pytest.fixture
async def commands(client, hub):
    return Commands(client.socket, hub)


@pytest.fixture
def ask(commands, client):
    """Send a command; return the frame that answers it."""

    async def ask(kind, stream=STREAM, **fields):
        await commands.run({"type": kind, "stream": stream, "ref": 7, **fields})
        answer = client.frames.pop()
        assert answer.pop("ref") == 7
        return answer

    return ask


@pytest.fixture
def during_snapshot(monkeypatch):
    """Have something happen while the stream's snapshot is made."""

    def during_snapshot(happen):
        async def snapshot(self, user):
            await happen()

        monkeypatch.setattr(Meeting, "snapshot", snapshot)

    return during_snapshot


@pytest.fixture
async def bob():
    """Somebody who is there."""
    running_roster().arrived("bob's socket", "2", STREAM, meta='{"line":1}')
    await written()


async def written():
    await asyncio.sleep(0.2)


def present():
    return presence_backend().present([STREAM])[STREAM]


def there():
    """Return who is there, with what is known about them."""
    return {one.user: one.meta for one in present()}


class TestTheList:
    async def test_it_comes_with_the_answer(self, ask, bob):
        answer = await ask("subscribe")
        [member] = answer["presence"]
        assert (member["user"], member["meta"]) == ("user.2", {"line": 1})
        assert member["since"] == round(present()[0].since.timestamp() * 1000)

    async def test_a_stream_without_one_has_none(self, ask):
        assert "presence" not in await ask("subscribe", "thing.1")

    async def test_a_client_that_goes_on_has_it_already_unless_it_asks(self, ask, log, bob):
        log.write(STREAM, 1)
        after = log.top(STREAM)._asdict()
        assert "presence" not in await ask("subscribe", after=after)
        await ask("unsubscribe")
        answer = await ask("subscribe", after=after, presence=True)
        assert answer["recovered"] is True
        assert [member["user"] for member in answer["presence"]][:1] == ["user.2"]

    async def test_it_is_read_after_the_position(self, ask, during_snapshot, bob):
        """So it may have what comes as an event after it, and lacks nothing that came before."""

        async def carol_comes():
            running_roster().arrived("carol's socket", "3", STREAM)
            await written()

        during_snapshot(carol_comes)
        answer = await ask("subscribe")
        assert [one["user"] for one in answer["presence"]] == ["user.2", "user.3"]

    async def test_a_reset_brings_a_new_one(self, ask, client, hub, log, bob):
        log.write(STREAM, "before")
        await ask("subscribe")
        await written()
        log.forget(STREAM)
        log.write(STREAM, "after")
        await hub.check()
        await written()
        [reset] = [frame for frame in client.frames if frame["type"] == "reset"]
        assert [one["user"] for one in reset["presence"]] == ["user.2", "user.1"]

    async def test_one_that_can_not_be_read_refuses_the_subscription(self, ask, monkeypatch):
        async def state(self, stream):
            raise ConnectionError("away")

        monkeypatch.setattr(type(running_roster()), "state", state)
        assert (await ask("subscribe"))["code"] == "internal"
        await written()
        assert there() == {}


class TestWhereItIsOff:
    @pytest.fixture(autouse=True)
    def off(self, settings, log):
        settings.REALTIME = {**settings.REALTIME, "PRESENCE": False}

    async def test_no_stream_has_a_list(self, ask, decides):
        decides(Refused("Nobody is asked."))
        answer = await ask("subscribe")
        assert (answer["type"], "presence" in answer) == ("subscribed", False)

    async def test_there_is_nowhere_to_say_something(self, ask):
        await ask("subscribe")
        assert (await ask("presence", meta={}))["code"] == "no_presence"


class TestJoining:
    async def test_who_follows_the_stream_is_there(self, ask):
        await ask("subscribe")
        await written()
        assert there() == {"1": {"name": "user 1"}}

    async def test_who_follows_another_is_not(self, ask):
        await ask("subscribe", "thing.1")
        await written()
        assert presence_backend().present(["thing.1"]) == {"thing.1": []}

    async def test_a_second_socket_changes_nothing(self, ask, hub, client):
        await ask("subscribe")
        await ask("presence", meta={"state": "busy"})
        running_roster().arrived("another", "1", STREAM, meta='{"name": "user 1"}')
        await written()
        assert there() == {"1": {"name": "user 1", "state": "busy"}}

    async def test_unsubscribing_is_leaving(self, ask):
        await ask("subscribe")
        await written()
        await ask("unsubscribe")
        await written()
        presence_backend().sweep(15.0, False)
        assert there() == {}

    async def test_unsubscribing_for_a_moment_is_not(self, ask):
        await ask("subscribe")
        await written()
        await ask("unsubscribe", again=True)
        await written()
        presence_backend().sweep(15.0, False)
        assert there() == {"1": {"name": "user 1"}}

    async def test_who_loses_the_right_leaves(self, ask, client, monkeypatch, commands):
        await ask("subscribe")
        await written()
        monkeypatch.setattr(Meeting, "may_follow", False)
        commands.reauthorize(STREAM)
        await written()
        assert client.frames.pop() == {
            "type": "unsubscribed",
            "stream": STREAM,
            "reason": "forbidden",
        }
        presence_backend().sweep(15.0, False)
        assert there() == {}

    async def test_the_application_may_refuse(self, ask, decides):
        decides(Refused("The meeting is full."))
        refusal = {"type": "error", "code": "refused", "message": "The meeting is full."}
        assert await ask("subscribe") == refusal
        decides(None)
        assert (await ask("subscribe"))["type"] == "subscribed"

    @pytest.mark.parametrize("answer", ["a name", {"text": "x" * 1024}, {"thing": object()}])
    async def test_what_can_not_be_kept_is_the_applications_fault(
        self, ask, decides, caplog, answer
    ):
        decides(answer)
        assert (await ask("subscribe"))["code"] == "failed"
        assert "command=subscribe" in caplog.text

    async def test_a_socket_that_ends_meanwhile_is_not_left_behind(
        self, client, commands, during_snapshot
    ):
        async def end():
            running_roster().ended(client.socket.id)
            client.socket.disconnected()

        during_snapshot(end)
        await commands.run({"type": "subscribe", "stream": STREAM})
        await written()
        assert there() == {}


class TestVisitors:
    @pytest.fixture(autouse=True)
    async def visitor(self, client, monkeypatch):
        monkeypatch.setattr(Meeting, "public", True)
        client.socket.login = Login(AnonymousUser(), address="192.0.2.7")

    async def test_one_gets_the_list_and_is_not_on_it(self, ask, bob):
        answer = await ask("subscribe")
        await written()
        assert [one["user"] for one in answer["presence"]] == ["user.2"]
        assert list(there()) == ["2"]

    async def test_one_says_nothing(self, ask):
        await ask("subscribe")
        answer = await ask("presence", meta={})
        assert (answer["code"], answer["message"]) == (
            "refused",
            "Only users who are signed in are on the list.",
        )


class TestSetting:
    async def test_the_reply_has_what_the_application_made_of_it(self, ask):
        await ask("subscribe")
        answer = await ask("presence", meta={"state": "busy"})
        assert answer == {"type": "reply", "data": {"name": "user 1", "state": "busy"}}
        assert there() == {"1": answer["data"]}

    async def test_the_newest_takes_the_place_of_the_one_before(self, ask):
        await ask("subscribe")
        await ask("presence", meta={"state": "busy"})
        await ask("presence", meta={"line": 7})
        assert there() == {"1": {"name": "user 1", "line": 7}}

    async def test_a_page_that_sets_too_often_waits(self, ask):
        await ask("subscribe")
        await written()
        before = elapsed()
        for number in range(2 * SETS_PER_SECOND):
            await ask("presence", meta={"n": number})
        assert elapsed() == before
        for number in range(2 * SETS_PER_SECOND):
            await ask("presence", meta={"n": -number})
        assert elapsed() - before == pytest.approx(2.0)

    @pytest.mark.parametrize("meta", [None, [], "busy", 7])
    async def test_only_an_object_is_taken(self, ask, meta):
        await ask("subscribe")
        answer = await ask("presence", meta=meta)
        assert (answer["code"], answer["message"]) == ("bad_frame", "meta is a JSON object.")

    async def test_a_large_one_is_refused(self, ask):
        await ask("subscribe")
        answer = await ask("presence", meta={"text": "x" * 1014})
        assert (answer["code"], answer["message"]) == (
            "too_large",
            "meta has at most 1024 bytes of JSON.",
        )

    async def test_the_application_may_refuse(self, ask, decides):
        await ask("subscribe")
        decides(Refused("Nobody is king."))
        answer = await ask("presence", meta={"state": "king"})
        assert (answer["code"], answer["message"]) == ("refused", "Nobody is king.")
        await written()
        assert there() == {"1": {"name": "user 1"}}

    async def test_a_stream_without_a_list_has_nowhere_to_say_it(self, ask):
        await ask("subscribe", "thing.1")
        answer = await ask("presence", "thing.1", meta={})
        assert (answer["code"], answer["message"]) == (
            "no_presence",
            "thing.1 has no list of those who follow it.",
        )

    async def test_only_who_follows_the_stream_says_something(self, ask):
        assert (await ask("presence", meta={}))["code"] == "not_subscribed"

    async def test_who_follows_by_a_signed_name_says_nothing(self, ask, bob):
        await ask("subscribe", sign_stream(STREAM))
        await written()
        before = there()
        answer = await ask("presence", meta={"line": 2})
        assert (answer["type"], answer["code"]) == ("error", "refused")
        await written()
        assert there() == before

    async def test_a_store_that_is_away_is_worth_a_repetition(self, ask, monkeypatch):
        await ask("subscribe")
        await written()

        def away(*_):
            raise ConnectionError("away")

        monkeypatch.setattr(type(presence_backend()), "update", away)
        assert (await ask("presence", meta={}))["code"] == "internal"
