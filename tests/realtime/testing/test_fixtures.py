"""What ``published`` holds: what goes out, and only when it does."""

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.db import transaction

from realtime import apublish, publish
from realtime.consumers import RealtimeConsumer
from realtime.events import event_message, group_name
from realtime.testing import RealtimeCommunicator
from realtime.testing.fixtures import Published


@pytest.mark.django_db(transaction=True)
def test_one_record_for_each_stream(published):
    publish(["user.1", "user.2"], "call.state", {"call": 7, "of": (1, 2)})
    assert published == [
        Published("user.1", "call.state", {"call": 7, "of": [1, 2]}),
        Published("user.2", "call.state", {"call": 7, "of": [1, 2]}),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_key_goes_out_once(published):
    publish("user.1", "call.state", key="call.7.1")
    publish(["user.1", "user.2"], "call.state", key="call.7.1")
    assert published == [
        Published("user.1", "call.state", None, "call.7.1"),
        Published("user.2", "call.state", None, "call.7.1"),
    ]


@pytest.mark.django_db(transaction=True)
def test_only_what_is_committed(published):
    with transaction.atomic():
        publish("user.1", "first")
        assert published == []
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish("user.1", "never")
        raise ZeroDivisionError
    assert [record.name for record in published] == ["first"]


@pytest.mark.django_db
def test_in_a_test_that_is_a_transaction(published, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks():
        publish("user.2", "never")
    with django_capture_on_commit_callbacks(execute=True):
        publish("user.1", "would be committed")
        assert published == []
    assert [record.name for record in published] == ["would be committed"]


@pytest.mark.django_db(transaction=True)
async def test_sockets_get_it_as_well(published):
    alice = get_user_model()(pk=42)
    async with RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=alice) as socket:
        await socket.subscribe()
        await apublish(alice, "from async code", ephemeral=True)
        await sync_to_async(publish)(alice, "from a thread", ephemeral=True)
        assert (await socket.event())["name"] == "from async code"
        assert (await socket.event())["name"] == "from a thread"
    assert [record.stream for record in published] == ["user.42", "user.42"]


def test_an_event_for_many_streams(published):
    streams = [f"user.{number}" for number in range(50)]
    publish(streams, "to many", 1, key="k")
    assert published == [Published(stream, "to many", 1, "k") for stream in streams]


async def test_a_group_send_of_ones_own_and_other_messages(published):
    layer = get_channel_layer()
    await layer.group_send(group_name("user.1"), event_message("user.1", "by hand", {"a": (1, 2)}))
    await apublish("user.1", "not kept", ephemeral=True)
    await layer.group_send("chat", {"type": "chat.say", "text": "no event"})
    assert published == [
        Published("user.1", "by hand", {"a": [1, 2]}),
        Published("user.1", "not kept"),
    ]


def test_without_a_layer_it_says_what_is_missing(settings, request):
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(RuntimeError, match="set CHANNEL_LAYERS"):
        request.getfixturevalue("published")
