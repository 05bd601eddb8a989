"""What every user can do, whatever their primary key; run by test_user_models for each model."""

import uuid
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client

from realtime import apublish, position, publish
from realtime.consumers import RealtimeConsumer
from realtime.models import Event, StreamHead
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator
from tests.users.models import Person

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20
"""Seconds: eight of these files share two cores with servers."""

EMAILS = ["alice@example.com", "o'brien+a@example.com", f"a@{'b' * 248}.com"]
TEXTS = ["alice", "42", "", " ", "a b", "a/b", "a:b", "*", "żółw", "line\nbreak", "-40", "x" * 254]
KEYS = {
    "auth.User": [{"pk": 42}, {"pk": 2**31 - 1}],
    "users.EmailUser": [{"pk": email} for email in EMAILS],
    "users.UUIDUser": [{"pk": uuid.UUID(int=2**127)}],
    "users.TextUser": [{"pk": text} for text in TEXTS],
    "users.DecimalUser": [{"pk": Decimal("1.50")}, {"pk": Decimal("-0.01")}],
    "users.PersonUser": [{"person": email} for email in EMAILS[:2]],
    "users.AccountUser": [{}],
}


@pytest.fixture(params=KEYS[settings.AUTH_USER_MODEL], ids=str)
def alice(request):
    fields = dict(request.param)
    if "person" in fields:
        fields["person"] = Person.objects.create(pk=fields["person"])
    alice = get_user_model().objects.create(**fields)
    return get_user_model().objects.get(pk=alice.pk)


@register("desk")
class Desk(Stream):
    is_open = True

    async def authorize(self, user):
        return self.is_open


def kept():
    return [event.name for event in Event.objects.all()]


@pytest.fixture
def cookie(alice):
    client = Client()
    client.force_login(alice)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


async def test_a_page_signs_in_and_gets_what_is_published(alice, cookie):
    application = RealtimeConsumer.as_asgi()
    async with RealtimeCommunicator(
        application, headers={"Cookie": cookie}, timeout=PATIENCE
    ) as socket:
        subscribed = await socket.subscribe("me", timeout=PATIENCE)
        assert subscribed["stream"] == socket.me
        await apublish(alice, "greeting")
        assert (await socket.event("greeting", PATIENCE))["stream"] == socket.me
        await apublish(get_user_model()(pk=alice.pk), "unseen")
        await socket.event("unseen", PATIENCE)
    async with RealtimeCommunicator(
        application, headers={"Cookie": cookie}, timeout=PATIENCE
    ) as socket:
        after = {"epoch": subscribed["epoch"], "offset": subscribed["offset"]}
        resumed = await socket.subscribe(subscribed["stream"], after=after, timeout=PATIENCE)
        assert resumed["recovered"]
        await socket.event("unseen", PATIENCE)


async def test_a_group_that_changes_has_the_rights_of_its_users_asked_for(
    alice, cookie, monkeypatch
):
    group = await Group.objects.acreate(name="agents")
    if hasattr(alice, "groups"):
        await alice.groups.aadd(group)
    application = RealtimeConsumer.as_asgi()
    async with RealtimeCommunicator(
        application, headers={"Cookie": cookie}, timeout=PATIENCE
    ) as socket:
        await socket.subscribe("desk.1")
        monkeypatch.setattr(Desk, "is_open", False)
        await group.permissions.aadd(await Permission.objects.afirst())
        assert (await socket.frame("unsubscribed"))["reason"] == "forbidden"


def test_a_page_is_rendered_with_its_position(alice):
    tag = Template("{% load realtime %}{% realtime position=position %}")
    (stream,) = position([alice])
    page = tag.render(Context({"user": alice, "position": position(alice)}))
    assert f'"me": "{stream}"' in page


def test_the_events_go_with_the_user(alice):
    publish(alice, "call.state")
    assert kept() == ["call.state"]
    alice.delete()
    assert kept() == []


def test_the_events_go_with_a_queryset(alice):
    publish(alice, "call.state")
    get_user_model().objects.all().delete()
    assert kept() == []


def test_a_user_without_events_leaves_nothing(alice):
    alice.delete()
    assert [head.name for head in StreamHead.objects.exclude(name="")] == []


@pytest.mark.parametrize("option", ["--user", "--pk"])
def test_the_command_takes_the_key(alice, option):
    publish(alice, "call.state")
    publish("call.7", "kept")
    call_command("realtime_forget", f"{option}={alice.pk}")
    assert kept() == ["kept"]


def test_the_command_takes_the_key_of_a_user_who_is_gone(alice):
    publish(alice, "call.state")
    pk = alice.pk
    get_user_model().objects.all()._raw_delete("default")
    assert kept() == ["call.state"]
    call_command("realtime_forget", f"--pk={pk}")
    assert kept() == []
