"""``disconnect``: what goes out, when, and what is refused."""

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from realtime import adisconnect, disconnect
from realtime.layer.control import Disconnect
from realtime.protocol.close_codes import CloseCode
from tests.realtime.layer.recording_layer import RecordingLayer

pytestmark = pytest.mark.django_db(transaction=True)

User = get_user_model()
alice = User(pk=1)


@pytest.fixture
def out():
    layer = RecordingLayer()
    channel_layers.set("default", layer)
    yield layer.controls
    channel_layers.set("default", None)


CALLS = [
    ((alice,), {}, Disconnect(("user.1",))),
    ((alice,), {"reason": "Bye."}, Disconnect(("user.1",), reason="Bye.")),
    ((alice,), {"retry": True}, Disconnect(("user.1",), code=CloseCode.DISCONNECTED_FOR_NOW)),
    ((), {"socket": "e92f8876f50e"}, Disconnect(sockets=("e92f8876f50e",))),
    ((alice,), {"socket": "e92f8876f50e"}, Disconnect(("user.1",), ("e92f8876f50e",))),
    (([alice, User(pk=2)],), {}, Disconnect(("user.1", "user.2"))),
]


@pytest.mark.parametrize(("args", "options", "control"), CALLS)
def test_what_is_asked_of_all_processes(out, args, options, control):
    disconnect(*args, **options)
    async_to_sync(adisconnect)(*args, **options)
    assert out == [control, control]


async def test_the_same_from_async_code(out):
    await adisconnect(alice, reason="Bye.")
    await adisconnect(User.objects.all())
    assert out == [Disconnect(("user.1",), reason="Bye.")]


WRONG = [
    ((), {}, ValueError, "Name the users or the sockets"),
    (("alice",), {}, TypeError, "Pass the user"),
    ((7,), {}, TypeError, "a user"),
    ((User(),), {}, ValueError, "no primary key"),
    ((AnonymousUser(),), {}, ValueError, "no primary key"),
    ((), {"socket": ""}, ValueError, "A socket's id"),
    ((), {"socket": "a b"}, ValueError, "A socket's id"),
    ((), {"socket": 7}, ValueError, "A socket's id"),
    ((alice,), {"reason": "x" * 101}, ValueError, "at most 100 printable"),
    ((alice,), {"reason": "a\nb"}, ValueError, "at most 100 printable"),
    ((alice,), {"reason": None}, ValueError, "at most 100 printable"),
]


@pytest.mark.parametrize(("args", "options", "error", "sentence"), WRONG)
def test_what_is_wrong_is_refused_with_a_sentence(out, args, options, error, sentence):
    with pytest.raises(error, match=sentence):
        disconnect(*args, **options)
    with pytest.raises(error, match=sentence):
        async_to_sync(adisconnect)(*args, **options)
    assert out == []


def test_in_a_transaction_it_goes_out_after_the_commit_or_not_at_all(out):
    with transaction.atomic():
        disconnect(alice)
        async_to_sync(adisconnect)(alice)
        assert out == []
    assert len(out) == 2
    with transaction.atomic():
        disconnect(alice)
        async_to_sync(adisconnect)(alice)
        transaction.set_rollback(True)
    assert len(out) == 2


def test_nobody_is_sent_away_from_an_empty_queryset(out):
    disconnect(User.objects.none())
    assert out == []


async def test_sync_code_in_an_event_loop_is_refused(out):
    with pytest.raises(RuntimeError, match="await adisconnect"):
        disconnect(alice)
