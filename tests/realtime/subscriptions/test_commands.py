"""The commands of a socket: what each answers, and what it answers when it goes wrong."""

import asyncio
import errno
from datetime import date
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError

from realtime.access import current_user
from realtime.access.current_user import Verifier
from realtime.access.verification import GONE
from realtime.exceptions import Refused
from realtime.protocol.right import GRACE
from realtime.streams.registry import find
from realtime.subscriptions.commands import Commands
from tests.realtime.access.stores import Stores
from tests.realtime.subscriptions.client import Thing
from tests.virtual_time import settle


@pytest.fixture
async def commands(client, hub):
    return Commands(client.socket, hub)


@pytest.fixture
def ask(commands, client):
    """Send a command; return the frame that answers it."""

    async def ask(kind, stream, **fields):
        await commands.run({"type": kind, "stream": stream, "ref": 7, **fields})
        answer = client.frames.pop()
        assert answer.pop("ref") == 7
        return answer

    return ask


def error(code, message):
    return {"type": "error", "code": code, "message": message}


async def test_subscribe_answers_with_the_position_and_events_follow(ask, client, publish):
    answer = await ask("subscribe", "thing.1")
    await publish("thing.1", "news")
    assert (answer["type"], answer["stream"], answer["offset"]) == ("subscribed", "thing.1", 0)
    assert client.data == ["news"]


async def test_subscribe_goes_on_after_a_position(ask, log, client):
    log.write("thing.1", 1, 2)
    epoch = log.top("thing.1").epoch
    answer = await ask("subscribe", "thing.1", after={"epoch": epoch, "offset": 1})
    await settle()
    assert answer["recovered"] is True
    assert client.replayed == [2]


async def test_me_is_the_users_own_stream(ask, client, publish, monkeypatch):
    async def nothing(self, user):
        """The demo's snapshot asks the database."""

    monkeypatch.setattr(type(find("user.1")), "snapshot", nothing)
    assert (await ask("subscribe", "me"))["stream"] == "user.1"
    await publish("user.1", "for me")
    assert client.data == ["for me"]
    assert (await ask("unsubscribe", "me"))["stream"] == "user.1"


@pytest.mark.parametrize(
    ("stream", "after", "code", "message"),
    [
        ("me", {"epoch": "e", "offset": 1}, "refused", "after goes with the stream's own name"),
        ("a b", None, "bad_frame", "'a b' can't be a stream's name."),
        ("x" * 200, None, "bad_frame", f"'{'x' * 80}' can't be a stream's name."),
        ("thing.1", {"offset": 1}, "bad_frame", "after is an object with an epoch and an offset."),
        ("thing.1", "e.1", "bad_frame", "after is an object with an epoch and an offset."),
        ("nothing.1", None, "unknown_stream", "There are no streams like nothing.1."),
        ("user.2", None, "forbidden", "You may not follow user.2."),
    ],
)
async def test_what_can_not_be_followed_is_refused(ask, client, stream, after, code, message):
    answer = await ask("subscribe", stream, after=after)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["message"].startswith(message)
    assert client.frames == []


async def test_a_stream_is_followed_once_by_a_socket(ask):
    await ask("subscribe", "thing.1")
    refusal = error("already_subscribed", "This socket follows thing.1 already.")
    assert await ask("subscribe", "thing.1") == refusal


async def test_a_socket_follows_no_more_streams_than_the_setting_says(settings, log, ask):
    settings.REALTIME = {**settings.REALTIME, "MAX_STREAMS_PER_SOCKET": 2}
    for number in (1, 2):
        assert (await ask("subscribe", f"thing.{number}"))["type"] == "subscribed"
    refusal = error("too_many", "A socket follows at most 2 streams.")
    assert await ask("subscribe", "thing.3") == refusal
    await ask("unsubscribe", "thing.1")
    assert (await ask("subscribe", "thing.3"))["type"] == "subscribed"


async def test_a_socket_that_is_not_signed_in_follows_nothing(ask, client):
    client.socket.login = None
    refusal = error("forbidden", "This socket is not signed in.")
    assert await ask("subscribe", "thing.1") == refusal


async def test_unsubscribe_ends_the_events(ask, client, publish):
    await ask("subscribe", "thing.1")
    answer = await ask("unsubscribe", "thing.1")
    await publish("thing.1", "too late")
    assert answer == {"type": "unsubscribed", "stream": "thing.1", "reason": "asked"}
    assert client.frames == []


@pytest.mark.parametrize("kind", ["unsubscribe", "send"])
async def test_only_what_is_followed_can_be_left_or_sent_to(ask, kind):
    refusal = error("not_subscribed", "This socket does not follow 'thing.1'.")
    assert await ask(kind, "thing.1", name="n") == refusal


async def test_send_is_answered_by_the_stream(ask):
    await ask("subscribe", "thing.1")
    answer = await ask("send", "thing.1", name="press", data=date(2026, 1, 31))
    assert answer == {"type": "reply", "data": {"user": 1, "press": "2026-01-31"}}


async def test_a_refusal_of_the_stream_is_an_error_with_its_sentence(ask):
    await ask("subscribe", "thing.1")
    answer = await ask("send", "thing.1", name="press", data=Refused("Not now."))
    assert answer == error("refused", "Not now.")


async def test_what_fails_is_logged_and_says_nothing_more_to_the_client(ask, caplog):
    await ask("subscribe", "thing.1")
    answer = await ask("send", "thing.1", name="press", data=ValueError("the secret"))
    assert answer == error("internal", "The server failed to do this; it is logged.")
    assert "command=send" in caplog.text and "ValueError: the secret" in caplog.text


async def test_a_database_that_is_away_costs_one_line_and_no_traceback(ask, caplog):
    await ask("subscribe", "thing.1")
    answer = await ask("send", "thing.1", name="press", data=OperationalError("away"))
    assert answer == error(
        "internal", "Something that the server needs for this is away; try again."
    )
    assert "OperationalError('away')" in caplog.text and "Traceback" not in caplog.text


async def test_a_subscribe_that_takes_too_long_is_refused_and_leaves_nothing_behind(
    ask, monkeypatch, publish, client
):
    async def never(self, user):
        await asyncio.Event().wait()

    monkeypatch.setattr(Thing, "snapshot", never)
    began = asyncio.get_running_loop().time()
    answer = await ask("subscribe", "thing.1")
    late = error("internal", "The server is too busy to do this in time; try again.")
    assert answer == late
    assert asyncio.get_running_loop().time() - began == pytest.approx(7)
    monkeypatch.undo()
    assert (await ask("subscribe", "thing.1"))["type"] == "subscribed"
    await publish("thing.1", "once")
    assert client.data == ["once"]


async def test_a_message_that_has_begun_may_take_any_time(ask, monkeypatch):
    async def slow(self, user, name, data):
        await asyncio.sleep(600)
        return "done"

    monkeypatch.setattr(Thing, "receive", slow)
    await ask("subscribe", "thing.1")
    assert (await ask("send", "thing.1", name="press"))["data"] == "done"


async def test_a_message_that_could_not_begin_in_time_is_refused_and_not_done(ask, monkeypatch):
    async def no_thread(*args):
        raise TimeoutError("No thread was free in time.")

    monkeypatch.setattr("realtime.subscriptions.message.run_message", no_thread)
    await ask("subscribe", "thing.1")
    answer = await ask("send", "thing.1", name="press")
    late = error("internal", "The server is too busy to do this in time; try again.")
    assert answer == late


async def test_after_the_end_messages_are_handed_on_and_no_event_comes(
    commands, ask, client, publish, monkeypatch
):
    taken = []

    async def take(self, user, name, data):
        taken.append(data)

    monkeypatch.setattr(Thing, "receive", take)
    await ask("subscribe", "thing.1")
    commands.end()
    await publish("thing.1", "too late")
    assert (await ask("send", "thing.1", name="press", data=1))["type"] == "reply"
    assert taken == [1]
    assert client.data == []


async def test_a_command_without_a_ref_is_answered_without_one(commands, client):
    await commands.run({"type": "unsubscribe", "stream": "thing.1"})
    assert "ref" not in client.frames[0]


async def test_a_subscribe_that_failed_can_be_tried_again(ask, log, client, publish):
    log.error = ConnectionError("away")
    assert (await ask("subscribe", "thing.1"))["code"] == "internal"
    log.error = None
    assert (await ask("subscribe", "thing.1"))["type"] == "subscribed"
    await publish("thing.1", "once")
    assert client.data == ["once"]


async def test_a_snapshot_that_fails_leaves_nothing_behind(ask, monkeypatch, client, publish):
    monkeypatch.setattr(Thing, "error", ValueError("no picture"))
    assert (await ask("subscribe", "thing.1"))["code"] == "failed"
    await publish("thing.1", "to nobody")
    assert (await ask("unsubscribe", "thing.1"))["code"] == "not_subscribed"
    assert client.frames == []


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (OperationalError("away"), "internal"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "internal"),
        (OSError(errno.EHOSTUNREACH, "no route"), "internal"),
        (ProgrammingError("no such table"), "failed"),
        (ImproperlyConfigured("no such setting"), "failed"),
        (KeyError("a fault"), "failed"),
    ],
)
async def test_a_subscribe_may_be_tried_again_unless_it_met_a_fault(
    ask, monkeypatch, caplog, failure, code
):
    monkeypatch.setattr(Thing, "error", failure)
    assert (await ask("subscribe", "thing.1"))["code"] == code
    assert ("Traceback" in caplog.text) is (code == "failed")


async def test_a_right_is_asked_for_again_each_time(ask, monkeypatch):
    monkeypatch.setattr(Thing, "may_follow", False)
    assert (await ask("subscribe", "thing.1"))["code"] == "forbidden"
    monkeypatch.setattr(Thing, "may_follow", True)
    assert (await ask("subscribe", "thing.1"))["type"] == "subscribed"


FORBIDDEN = {"type": "unsubscribed", "stream": "thing.1", "reason": "forbidden"}


async def test_a_right_that_was_withdrawn_ends_the_stream_and_no_other(
    commands, ask, client, publish, monkeypatch
):
    for number in (1, 2):
        await ask("subscribe", f"thing.{number}")

    async def authorize(self, user):
        return self.key == "2"

    monkeypatch.setattr(Thing, "authorize", authorize)
    commands.reauthorize("thing.1")
    commands.reauthorize("thing.3")
    await settle()
    await publish("thing.1", "secret")
    await publish("thing.2", "news")
    assert client.frames[0] == FORBIDDEN
    assert client.data == ["news"]
    assert (await ask("send", "thing.1", name="press"))["code"] == "not_subscribed"
    assert (await ask("subscribe", "thing.1"))["code"] == "forbidden"


async def test_a_right_that_came_back_lets_the_client_subscribe_again(
    commands, ask, client, publish, monkeypatch
):
    await ask("subscribe", "thing.1")
    monkeypatch.setattr(Thing, "may_follow", False)
    commands.reauthorize()
    await settle()
    assert client.frames.pop() == FORBIDDEN
    monkeypatch.setattr(Thing, "may_follow", True)
    assert (await ask("subscribe", "thing.1"))["type"] == "subscribed"
    await publish("thing.1", "news")
    assert client.data == ["news"]


async def test_a_right_that_ends_while_the_snapshot_is_made_refuses_the_subscribe(
    commands, client, monkeypatch
):
    async def snapshot(self, user):
        await asyncio.sleep(2)
        return "secret"

    monkeypatch.setattr(Thing, "snapshot", snapshot)
    asking = asyncio.create_task(commands.run({"type": "subscribe", "stream": "thing.1", "ref": 7}))
    await asyncio.sleep(1)
    monkeypatch.setattr(Thing, "may_follow", False)
    commands.reauthorize()
    await asking
    assert client.frames == [{**error("forbidden", "You may not follow thing.1."), "ref": 7}]


async def test_a_reply_that_was_begun_may_come_after_the_end(commands, client, monkeypatch):
    async def slow(self, user, name, data):
        await asyncio.sleep(2)
        return "done"

    monkeypatch.setattr(Thing, "receive", slow)
    await commands.run({"type": "subscribe", "stream": "thing.1"})
    sending = asyncio.create_task(commands.run({"type": "send", "stream": "thing.1", "name": "n"}))
    await asyncio.sleep(1)
    monkeypatch.setattr(Thing, "may_follow", False)
    commands.reauthorize()
    await sending
    assert client.types == ["subscribed", "unsubscribed", "reply"]


async def test_a_send_whose_right_ends_before_it_begins_is_not_done(
    commands, ask, client, monkeypatch
):
    taken = []

    async def take(self, user, name, data):
        taken.append(data)

    async def slow_current_user(login):
        await asyncio.sleep(1)
        return login.user

    await ask("subscribe", "thing.1")
    monkeypatch.setattr(Thing, "receive", take)
    monkeypatch.setattr("realtime.subscriptions.message.current_user", slow_current_user)
    sending = asyncio.create_task(commands.run({"type": "send", "stream": "thing.1", "name": "n"}))
    await settle()
    monkeypatch.setattr(Thing, "may_follow", False)
    commands.reauthorize()
    await sending
    assert [frame.get("code") for frame in client.frames] == [None, "not_subscribed"]
    assert taken == []


async def test_a_subscription_that_nobody_could_check_may_be_tried_again(
    commands, ask, client, monkeypatch
):
    async def away(self, user):
        raise OperationalError("away")

    await ask("subscribe", "thing.1")
    monkeypatch.setattr(Thing, "authorize", away)
    commands.reauthorize()
    await asyncio.sleep(GRACE + 1)
    assert client.frames == [{**FORBIDDEN, "reason": "internal"}]


async def test_after_the_end_no_right_is_asked_for(commands, ask, monkeypatch):
    asked = []

    async def authorize(self, user):
        asked.append(self.name)
        return True

    monkeypatch.setattr(Thing, "authorize", authorize)
    await ask("subscribe", "thing.1")
    commands.end()
    commands.reauthorize()
    await asyncio.sleep(1000)
    assert asked == ["thing.1"]


async def test_when_the_socket_ends_all_is_left(commands, ask, client, publish, broker):
    for number in (1, 2):
        await ask("subscribe", f"thing.{number}")
    commands.end()
    await publish("thing.1", "too late")
    await publish("thing.2", "too late")
    assert client.frames == []
    await asyncio.sleep(60)
    assert not broker.members("realtime.thing.1") and not broker.members("realtime.thing.2")


@pytest.fixture
def stores(monkeypatch):
    """What the stores say of the user from now on."""
    stores = Stores()
    monkeypatch.setattr(current_user, "is_verified_together", lambda login: True)
    monkeypatch.setattr(current_user, "needs_verification", lambda login: True)
    monkeypatch.setattr(current_user.verifiers, "_make", lambda: Verifier(stores.verify))
    return stores


@pytest.fixture
def seen(monkeypatch):
    """The users whom the stream's methods get."""
    seen = []

    async def authorize(self, user):
        seen.append(("authorize", user.name))
        return True

    async def snapshot(self, user):
        seen.append(("snapshot", user.name))

    async def receive(self, user, name, data):
        seen.append(("receive", user.name))

    for method in (authorize, snapshot, receive):
        monkeypatch.setattr(Thing, method.__name__, method)
    return seen


async def test_a_stream_gets_the_user_as_they_are_now(ask, stores, seen):
    stores.outcomes[None] = SimpleNamespace(pk=1, name="first")
    await ask("subscribe", "thing.1")
    stores.outcomes[None] = SimpleNamespace(pk=1, name="second")
    await asyncio.sleep(2)
    await ask("send", "thing.1", name="n")
    assert seen == [("authorize", "first"), ("snapshot", "first"), ("receive", "second")]


@pytest.mark.parametrize("kind", ["subscribe", "send"])
async def test_who_is_gone_does_nothing_more_and_the_socket_ends(
    commands, ask, client, stores, seen, kind
):
    stores.outcomes[None] = SimpleNamespace(pk=1, name="alice")
    await ask("subscribe", "thing.1")
    seen.clear()
    await asyncio.sleep(2)
    stores.outcomes[None] = GONE
    stream = "thing.2" if kind == "subscribe" else "thing.1"
    await commands.run({"type": kind, "stream": stream, "name": "n", "ref": 1})
    await settle()
    assert client.code == 4504
    assert client.types == ["bye"] and seen == []


async def test_who_is_gone_has_nothing_carried_out_after_the_end(commands, ask, stores, seen):
    stores.outcomes[None] = SimpleNamespace(pk=1, name="alice")
    await ask("subscribe", "thing.1")
    commands.end()
    seen.clear()
    await asyncio.sleep(2)
    stores.outcomes[None] = GONE
    await commands.run({"type": "send", "stream": "thing.1", "name": "n", "ref": 1})
    assert seen == []


@pytest.mark.parametrize("kind", ["subscribe", "send"])
async def test_while_the_stores_are_away_a_command_may_be_tried_again(ask, stores, seen, kind):
    stores.outcomes[None] = SimpleNamespace(pk=1, name="alice")
    await ask("subscribe", "thing.1")
    await asyncio.sleep(2)
    stores.error = OperationalError("away")
    stream = "thing.2" if kind == "subscribe" else "thing.1"
    assert (await ask(kind, stream, name="n"))["code"] == "internal"
    stores.error = None
    assert (await ask(kind, stream, name="n"))["type"] in ("subscribed", "reply")
