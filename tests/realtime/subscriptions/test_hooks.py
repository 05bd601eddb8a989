"""The hooks of stream classes: when each runs, in what order, and what comes of an error."""

import asyncio
import json

import pytest
from django.db import OperationalError

from realtime.exceptions import Refused
from realtime.streams import register
from realtime.subscriptions.commands import Commands
from tests.realtime.subscriptions.client import Thing
from tests.virtual_time import elapsed, settle


@register("hooked")
class Hooked(Thing):
    """Notes which of its hooks have run."""

    ran = []
    errors = {}
    """What a hook raises, by its name."""
    takes = {}
    """Seconds that a hook takes, by its name."""
    heartbeat_every = 60

    async def _run(self, hook, user):
        assert user.pk == 1
        self.ran.append(f"{hook} begins" if hook in self.takes else hook)
        if hook in self.takes:
            await asyncio.sleep(self.takes[hook])
            self.ran.append(f"{hook} ends")
        if hook in self.errors:
            raise self.errors[hook]

    async def before_subscribe(self, user):
        await self._run("before_subscribe", user)

    async def on_subscribe(self, user):
        await self._run("on_subscribe", user)

    async def before_unsubscribe(self, user):
        await self._run("before_unsubscribe", user)

    async def on_unsubscribe(self, user):
        await self._run("on_unsubscribe", user)

    async def on_heartbeat(self, user):
        await self._run("on_heartbeat", user)

    async def receive(self, user, name, data):
        self.ran.append(f"receive {data}")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(Hooked, "ran", [])
    monkeypatch.setattr(Hooked, "errors", {})
    monkeypatch.setattr(Hooked, "takes", {})


@pytest.fixture
def ran():
    return Hooked.ran


@pytest.fixture
async def commands(client, hub):
    return Commands(client.socket, hub)


@pytest.fixture
def ask(commands, client):
    """Send a command; return the frame that answers it."""

    async def ask(kind, stream="hooked.1", **fields):
        await commands.run({"type": kind, "stream": stream, "ref": 7, **fields})
        [answer] = [frame for frame in client.frames if frame.get("ref") == 7]
        client.frames.clear()
        return answer

    return ask


async def prove(client):
    """Let the client prove that it is there, as it does at each ping."""
    client.socket._keepalive.ping()
    await settle()


async def test_each_hook_runs_in_its_turn(ask, ran, client):
    assert (await ask("subscribe"))["type"] == "subscribed"
    assert ran == ["before_subscribe", "on_subscribe"]
    await prove(client)
    assert (await ask("unsubscribe"))["type"] == "unsubscribed"
    await settle()
    assert ran[2:] == ["on_heartbeat", "before_unsubscribe", "on_unsubscribe"]


async def test_the_client_has_its_answer_before_on_subscribe(client, commands, ran):
    Hooked.takes["on_subscribe"] = 3
    subscribing = asyncio.create_task(commands.run({"type": "subscribe", "stream": "hooked.1"}))
    await settle()
    assert client.types == ["subscribed"]
    assert ran == ["before_subscribe", "on_subscribe begins"]
    await subscribing
    assert ran[-1] == "on_subscribe ends"


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
async def test_a_hook_before_may_refuse(ask, ran, client, publish, kind):
    if kind == "unsubscribe":
        await ask("subscribe")
    Hooked.errors[f"before_{kind}"] = Refused("Not now.")
    answer = await ask(kind)
    assert (answer["code"], answer["message"]) == ("refused", "Not now.")
    await publish("hooked.1", "news")
    assert client.data == ([] if kind == "subscribe" else ["news"])
    assert f"on_{kind}" not in ran
    Hooked.errors.clear()
    assert (await ask(kind))["type"] == f"{kind}d"


async def test_a_client_that_only_starts_again_is_not_refused(ask, ran):
    await ask("subscribe")
    Hooked.errors["before_unsubscribe"] = Refused("Not now.")
    assert (await ask("unsubscribe", again=True))["type"] == "unsubscribed"
    assert (await ask("subscribe"))["type"] == "subscribed"


@pytest.mark.parametrize(
    ("error", "code"), [(OperationalError("away"), "internal"), (KeyError("x"), "failed")]
)
async def test_a_hook_before_that_fails_lets_nobody_in(ask, ran, caplog, error, code):
    Hooked.errors["before_subscribe"] = error
    assert (await ask("subscribe"))["code"] == code
    assert ran == ["before_subscribe"]
    assert "failed socket=" in caplog.text


async def test_a_hook_before_has_the_time_of_a_command(ask, ran):
    Hooked.takes["before_subscribe"] = 600
    assert (await ask("subscribe"))["code"] == "internal"
    assert elapsed() == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize("error", [ValueError("a fault"), Refused("No."), OperationalError("x")])
async def test_what_a_later_hook_raises_is_logged_and_changes_nothing(
    ask, ran, client, publish, caplog, error
):
    Hooked.errors["on_subscribe"] = error
    assert (await ask("subscribe"))["type"] == "subscribed"
    await publish("hooked.1", "news")
    assert client.data == ["news"]
    line = f"hook failed socket={client.socket.id} stream=hooked.1 hook=on_subscribe error="
    assert line in caplog.text
    assert ("Traceback" in caplog.text) is isinstance(error, ValueError)


async def test_a_later_hook_has_a_deadline_too(ask, ran, caplog):
    Hooked.takes["on_subscribe"] = 600
    await ask("subscribe")
    assert elapsed() == pytest.approx(7, abs=0.1)
    assert "hook=on_subscribe error=TimeoutError" in caplog.text


async def test_when_the_socket_ends_on_unsubscribe_runs_and_nothing_is_asked(
    ask, ran, client, commands
):
    await ask("subscribe")
    await ask("subscribe", "hooked.2")
    commands.end()
    client.socket.disconnected()
    await commands.finished()
    assert ran[4:] == ["on_unsubscribe", "on_unsubscribe"]


async def test_messages_that_have_come_are_handed_on_before_that(ran, client, commands):
    for frame in (
        {"type": "subscribe", "stream": "hooked.1"},
        {"type": "send", "stream": "hooked.1", "name": "n", "data": 1},
        {"type": "send", "stream": "hooked.1", "name": "n", "data": 2},
    ):
        client.socket.received(json.dumps(frame), commands.run)
    Hooked.takes["on_subscribe"] = 0.5
    await settle()
    await asyncio.sleep(1)
    client.socket.received(
        json.dumps({"type": "send", "stream": "hooked.1", "name": "n", "data": 3}), commands.run
    )
    commands.end()
    client.socket.disconnected()
    await client.socket.finished()
    await commands.finished()
    done = [step for step in ran[3:] if step != "on_heartbeat"]
    assert done == ["receive 1", "receive 2", "receive 3", "on_unsubscribe"]


async def test_a_socket_that_ends_during_on_subscribe_waits_for_its_end(ran, client, commands):
    Hooked.takes["on_subscribe"] = 3
    client.socket.received('{"type": "subscribe", "stream": "hooked.1"}', commands.run)
    await settle()
    commands.end()
    client.socket.disconnected()
    await commands.finished()
    assert ran[1:] == ["on_subscribe begins", "on_subscribe ends", "on_unsubscribe"]


async def test_who_never_had_an_answer_never_unsubscribes(ask, ran, client, commands, monkeypatch):
    monkeypatch.setattr(Hooked, "error", ValueError("no picture"))
    assert (await ask("subscribe"))["code"] == "failed"
    commands.end()
    await commands.finished()
    assert ran == ["before_subscribe"]


async def test_the_next_subscription_waits_for_the_hooks_of_the_last(ask, ran):
    Hooked.takes["on_unsubscribe"] = 3
    await ask("subscribe")
    await ask("unsubscribe")
    await ask("subscribe")
    assert ran[3:] == [
        "on_unsubscribe begins",
        "on_unsubscribe ends",
        "before_subscribe",
        "on_subscribe",
    ]


class TestHeartbeat:
    async def test_it_runs_at_most_every_so_often_and_only_with_proofs(self, ask, ran, client):
        await ask("subscribe")
        await asyncio.sleep(300)
        beats = ran.count("on_heartbeat")
        assert 4 <= beats <= 5
        client.reads = False
        await asyncio.sleep(300)
        assert ran.count("on_heartbeat") == beats

    async def test_one_that_takes_long_is_not_begun_again(self, ask, ran, client, monkeypatch):
        monkeypatch.setattr(Hooked, "heartbeat_every", 1)
        Hooked.takes["on_heartbeat"] = 5
        await ask("subscribe")
        for _ in range(4):
            await prove(client)
            await asyncio.sleep(1.1)
        assert ran[2:] == ["on_heartbeat begins"]

    async def test_it_ends_with_the_subscription(self, ask, ran, client):
        await ask("subscribe")
        await ask("unsubscribe")
        await asyncio.sleep(150)
        assert "on_heartbeat" not in ran

    async def test_a_class_without_the_hook_costs_nothing(self, ask, client):
        await ask("subscribe", "thing.1")
        assert client.socket._on_proof is None


async def test_a_stream_knows_its_socket_and_what_the_client_gave(ask, client, monkeypatch):
    monkeypatch.setattr(Hooked, "extra", ("page",))
    known = []

    async def on_subscribe(self, user):
        known.append((self.socket, self.given))

    monkeypatch.setattr(Hooked, "on_subscribe", on_subscribe)
    await ask("subscribe", extra={"page": 7})
    assert known == [(client.socket.id, {"page": 7})]


async def test_a_field_that_the_class_lacks_is_refused(ask):
    answer = await ask("subscribe", extra={"page": 7})
    assert (answer["code"], answer["message"]) == ("bad_frame", "hooked.1 has no field 'page'.")
