import asyncio
import datetime
import json
import threading
import uuid
from decimal import Decimal

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction

from realtime import aposition, apublish, position, publish
from realtime.events import event_message, group_name
from tests.processes.waiting import wait_until


class Listener:
    """A channel of the in-memory layer, joined to the groups of some streams."""

    async def join(self, *streams):
        self.layer = get_channel_layer()
        self.channel = await self.layer.new_channel()
        for stream in streams:
            await self.layer.group_add(group_name(stream), self.channel)
        return self

    async def next(self):
        return await asyncio.wait_for(self.layer.receive(self.channel), 2)


async def test_apublish_reaches_each_stream_once_with_one_id():
    listener = await Listener().join("user.1", "user.2")
    await apublish(["user.1", "user.2", "user.1"], "call.state", {"call": 7})
    first, second = await listener.next(), await listener.next()
    assert [first["stream"], second["stream"]] == ["user.1", "user.2"]
    assert first["id"] == second["id"]
    frame = json.loads(first["frame"])
    assert (first["offset"], frame["name"], frame["data"]) == (1, "call.state", {"call": 7})


async def test_an_ephemeral_event_has_no_offset_and_is_encoded_once_for_everyone():
    listener = await Listener().join("user.1")
    await apublish("user.1", 'say "hi"', {"who": 7}, ephemeral=True)
    message = await listener.next()
    assert "offset" not in message
    frame = json.loads(message["frame"])
    assert (frame["stream"], frame["name"], frame["data"]) == ("user.1", 'say "hi"', {"who": 7})
    assert "offset" not in frame and frame["id"] == message["id"] and frame["at"] > 0


@pytest.mark.parametrize("options", [{}, {"ephemeral": True}])
async def test_the_message_names_the_socket_that_the_event_is_not_for(options):
    listener = await Listener().join("user.1")
    await apublish("user.1", "n", 1, exclude="e92f8876f50e", **options)
    await apublish("user.1", "n", 2, **options)
    assert (await listener.next())["exclude"] == "e92f8876f50e"
    assert "exclude" not in await listener.next()


@pytest.mark.parametrize("exclude", ["", "a\nb", "x" * 201, 7])
@pytest.mark.parametrize("ephemeral", [False, True])
def test_what_is_no_socket_can_not_be_excluded(exclude, ephemeral):
    with pytest.raises(ValueError, match="An event's exclude is 1 to 200 printable"):
        publish("user.1", "n", exclude=exclude, ephemeral=ephemeral)


def test_the_message_carries_data_as_json_would():
    when = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
    key = uuid.uuid4()
    data = {"when": when, "price": Decimal("1.50"), "key": key, 1: (2, 3)}
    message = event_message("user.1", "n", data)
    assert message["data"] == {
        "when": "2026-11-22T12:00:00Z",
        "price": "1.50",
        "key": str(key),
        "1": [2, 3],
    }


def test_what_is_changed_after_publish_is_not_published():
    data = {"list": [1]}
    message = event_message("user.1", "n", data)
    data["list"].append(2)
    assert message["data"] == {"list": [1]}


@pytest.mark.parametrize(
    ("to", "name", "data", "error"),
    [
        ("no such name!", "n", None, ValueError),
        ("x" * 81, "n", None, ValueError),
        ("", "n", None, ValueError),
        (7, "n", None, TypeError),
        (None, "n", None, TypeError),
        ([None], "n", None, TypeError),
        (AnonymousUser(), "n", None, ValueError),
        ("user.1", "", None, ValueError),
        ("user.1", None, None, ValueError),
        ("user.1", "n" * 201, None, ValueError),
        ("user.1", "two\nlines", None, ValueError),
        ("user.1", "\x00", None, ValueError),
        ("user.1", "\ud800", None, ValueError),
        ("user.1", "n", "x" * 200_000, ValueError),
        (Group(pk=7), "n", None, TypeError),
        ("user.1", "n", object(), TypeError),
        ("user.1", "n", float("nan"), ValueError),
    ],
)
def test_what_cannot_be_published_raises(to, name, data, error):
    with pytest.raises(error):
        publish(to, name, data)


def test_an_event_may_be_for_nobody():
    assert publish([], "to nobody")


async def test_publish_in_an_event_loop_says_what_to_call():
    with pytest.raises(RuntimeError, match="apublish"):
        publish("user.1", "n")


@pytest.mark.django_db(transaction=True)
def test_publish_waits_for_the_commit(sent):
    with transaction.atomic():
        publish("user.1", "first")
        assert sent == []
    publish("user.1", "second")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish("user.1", "never")
        raise ZeroDivisionError
    assert sent == ["first", "second"]


def test_a_layer_that_fails_does_not_raise_and_is_logged_once(broken_layer, caplog):
    publish(["user.1", "user.2"], "n")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "broadcast failed event=" in record.getMessage()
    assert "no layer today" in record.getMessage()


def test_without_a_channel_layer_publish_says_what_to_set(settings, caplog):
    settings.CHANNEL_LAYERS = {}
    publish("user.1", "n")
    assert "no channel layer is configured, set CHANNEL_LAYERS" in caplog.text


def test_publish_from_many_threads(sent):
    threads = [threading.Thread(target=publish, args=("user.1", str(n))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent, key=int) == [str(n) for n in range(20)]


class Layer:
    """A layer at the edge: notes the names of the events that it is asked to send."""

    def __init__(self):
        self.names = []

    async def group_send(self, group, message):
        self.names.append(message["name"])


class BrokenLayer:
    async def group_send(self, group, message):
        raise ConnectionError("no layer today")


@pytest.fixture
def sent():
    layer = Layer()
    channel_layers.set("default", layer)
    return layer.names


@pytest.fixture
def broken_layer():
    """A layer that fails; another publish after it waits for the next one that works."""
    channel_layers.set("default", BrokenLayer())
    yield
    channel_layers.set("default", Layer())
    wait_until(has_recovered, 5, "the next broadcast waits again")


def has_recovered():
    publish("user.1", "again", ephemeral=True)
    return bool(get_channel_layer().names)


def test_a_position_is_where_the_stream_is():
    user = get_user_model()(pk=42)
    assert position(user).offset == 0
    publish(user, "n")
    publish([user, "call.7"], "n")
    assert position(user) == position("user.42")
    assert {name: at.offset for name, at in position([user, "call.7"]).items()} == {
        "user.42": 2,
        "call.7": 1,
    }


async def test_a_position_from_async_code():
    await apublish("user.42", "n")
    assert (await aposition("user.42")).offset == 1


def test_without_a_log_events_are_ephemeral_and_there_is_no_position(settings, sent):
    settings.REALTIME = {"EVENT_LOG": None}
    publish("user.1", "n")
    assert sent == ["n"]
    assert position("user.1") == ("-", 0)
