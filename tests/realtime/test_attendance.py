"""What applications ask about who is there, sync and async."""

import asyncio
from datetime import date

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from realtime import (
    ais_online,
    apresence,
    aupdate_presence,
    is_online,
    presence,
    update_presence,
)
from realtime.roster import Member, presence_backend
from realtime.roster.base import ONLINE
from tests.realtime.roster.contract import GRACE, LEASE


@pytest.fixture
def users(db, django_user_model):
    return [django_user_model.objects.create_user(name) for name in ("alice", "bob")]


@pytest.fixture
def alice_is_here(users):
    alice = str(users[0].pk)
    store = presence_backend()
    joins = [Member("s", stream, alice, 1) for stream in (ONLINE, "room.7")]
    store.replace("p", LEASE, joins, GRACE)
    store.sweep(GRACE, False)
    return alice


def test_who_is_in_a_stream(alice_is_here):
    (found,) = presence("room.7")
    assert (found.user, found.sockets, found.meta) == (alice_is_here, ("s",), {})
    assert presence("room.8") == []
    assert presence(["room.7", "room.8"]) == {"room.7": [found], "room.8": []}
    assert presence([]) == {}


def test_who_is_online(users, alice_is_here, django_user_model):
    alice, bob = users
    assert is_online(alice) is True
    assert is_online(bob) is False
    assert is_online(users) == {alice.pk: True, bob.pk: False}
    assert is_online(django_user_model.objects.order_by("pk")) == is_online(users)
    assert is_online([]) == {}


@pytest.mark.django_db(transaction=True)
def test_for_many_users_it_takes_no_more_queries(settings, django_assert_num_queries):
    from django.contrib.auth import get_user_model

    settings.REALTIME = {"PRESENCE": {"BACKEND": "realtime.roster.database.DatabasePresence"}}
    users = [get_user_model()(pk=number) for number in range(500)]
    with django_assert_num_queries(1):
        assert not any(is_online(users).values())
    with django_assert_num_queries(2):
        presence([f"room.{number}" for number in range(100)])


def test_a_visitor_is_not_online():
    from django.contrib.auth.models import AnonymousUser

    assert is_online(AnonymousUser()) is False


@pytest.mark.parametrize("wrong", ["alice", 7, None, [7], ["alice"]])
def test_what_is_no_user_can_not_be_online(wrong):
    with pytest.raises(TypeError, match="user"):
        is_online(wrong)


@pytest.mark.django_db(transaction=True)
def test_what_is_known_about_a_user(users, alice_is_here):
    alice, bob = users
    update_presence("room.7", alice, {"day": date(2026, 1, 2)})
    update_presence("room.7", bob, {"never": "here"})
    (found,) = presence("room.7")
    assert found.meta == {"day": "2026-01-02"}


def test_an_update_goes_with_the_callers_transaction(
    users, alice_is_here, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        update_presence("room.7", users[0], {"a": 1})
        assert presence("room.7")[0].meta == {}
    assert presence("room.7")[0].meta == {"a": 1}


@pytest.mark.parametrize(
    ("stream", "meta", "error"),
    [
        ("room 7", {}, ValueError),
        ("room.7", {"a": "x" * 1024}, ValueError),
        ("room.7", {"a": float("nan")}, ValueError),
        ("room.7", ["a"], TypeError),
        ("room.7", {"a": object()}, TypeError),
    ],
)
def test_what_can_not_be_known_about_a_user(users, stream, meta, error):
    with pytest.raises(error):
        update_presence(stream, users[0], meta)


def test_only_a_saved_user_is_known(django_user_model):
    with pytest.raises(TypeError, match="saved"):
        update_presence("room.7", django_user_model(), {})


@pytest.mark.parametrize(
    "ask", [lambda: presence("room.7"), lambda: is_online([]), lambda: update_presence("a", "b", 1)]
)
def test_where_presence_is_off(settings, ask):
    settings.REALTIME = {"PRESENCE": False}
    with pytest.raises(ImproperlyConfigured):
        ask()


def test_async_code_asks_the_same(users, alice_is_here):
    async def ask():
        await aupdate_presence("room.7", users[0], {"a": 1})
        return await apresence("room.7"), await ais_online(users[0]), await ais_online(users[:1])

    (found,), online, several = asyncio.run(ask())
    assert (found.user, found.meta, online) == (alice_is_here, {"a": 1}, True)
    assert several == {users[0].pk: True}
