"""Locks that end with a socket or when a user goes offline."""

import asyncio

import pytest

from realtime import alock, alock_holder, aunlock, lock, lock_holder, unlock
from realtime.roster import Holder, Member, presence_backend
from realtime.roster.base import ONLINE
from tests.realtime.roster.contract import GRACE, LEASE


@pytest.fixture
def alice(django_user_model):
    return django_user_model(pk=7, username="alice")


@pytest.fixture
def bob(django_user_model):
    return django_user_model(pk=8, username="bob")


@pytest.fixture
def alices_socket():
    presence_backend().replace("p", LEASE, [Member("s", ONLINE, "7", 1)], GRACE)
    return "s"


def test_a_user_locks_and_unlocks(alice, bob):
    assert lock("ticket.7", by=alice)
    assert lock("ticket.7", by=alice)
    assert not lock("ticket.7", by=bob)
    assert lock_holder("ticket.7") == Holder("7")
    assert not unlock("ticket.7", by=bob)
    assert unlock("ticket.7", by=alice)
    assert lock_holder("ticket.7") is None
    assert lock("ticket.7", by=bob)


def test_a_socket_locks_and_its_user_is_known(alices_socket, bob):
    assert lock("ticket.7", by=alices_socket)
    assert not lock("ticket.7", by=bob)
    assert lock_holder("ticket.7") == Holder("7", "s")


def test_a_socket_and_its_user_are_two_holders(alices_socket, alice):
    assert lock("ticket.7", by=alices_socket)
    assert not lock("ticket.7", by=alice)


@pytest.mark.parametrize("by", [7, None, b"s"])
def test_what_can_not_hold_a_lock(by):
    with pytest.raises(TypeError, match="held by"):
        lock("ticket.7", by=by)


@pytest.mark.parametrize("name", ["", "a b", "x" * 81])
def test_what_can_not_name_a_lock(name, alice):
    for use in (lambda: lock(name, by=alice), lambda: lock_holder(name)):
        with pytest.raises(ValueError, match="name"):
            use()


def test_a_visitor_holds_none(django_user_model):
    from django.contrib.auth.models import AnonymousUser

    for nobody in (AnonymousUser(), django_user_model()):
        with pytest.raises(ValueError, match="primary key"):
            lock("ticket.7", by=nobody)


def test_async_code_locks_the_same(alice):
    async def use():
        return (
            await alock("ticket.7", by=alice),
            await alock_holder("ticket.7"),
            await aunlock("ticket.7", by=alice),
            await alock_holder("ticket.7"),
        )

    assert asyncio.run(use()) == (True, Holder("7"), True, None)
