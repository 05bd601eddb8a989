"""``reauthorize`` and ``areauthorize``: what they ask of all processes, and when."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.transaction import TransactionManagementError

from realtime import areauthorize, reauthorize
from realtime.layer.control import Reauthorize
from tests.realtime.announced import announced  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return get_user_model()(pk=1)


@pytest.fixture
def bob():
    return get_user_model()(pk="b@x")


def asked(alice, bob):
    """Arguments, and what they ask for."""
    return [
        ((), [Reauthorize()]),
        ((alice,), [Reauthorize("user.1")]),
        (([alice, bob], "room.7"), [Reauthorize(me, "room.7") for me in ("user.1", "user-.b-40x")]),
        ((None, "room.7"), [Reauthorize(None, "room.7")]),
        (([],), []),
    ]


def test_from_sync_code(announced, alice, bob):  # noqa: F811
    for arguments, controls in asked(alice, bob):
        reauthorize(*arguments)
        assert announced == controls
        announced.clear()


async def test_from_async_code(announced, alice, bob):  # noqa: F811
    for arguments, controls in asked(alice, bob):
        await areauthorize(*arguments)
        assert announced == controls
        announced.clear()


def test_of_a_queryset_too(announced):  # noqa: F811
    one = get_user_model().objects.create_user("one")
    reauthorize(get_user_model().objects.all())
    assert announced == [Reauthorize(f"user.{one.pk}")]


def test_in_a_transaction_it_waits_for_the_commit(announced, alice):  # noqa: F811
    with transaction.atomic():
        reauthorize(alice)
        assert announced == []
    assert announced == [Reauthorize("user.1")]


def test_after_a_rollback_nothing_is_asked(announced, alice):  # noqa: F811
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        reauthorize(alice)
        raise ZeroDivisionError
    assert announced == []


def test_where_nobody_knows_of_the_commit_it_raises(announced, alice):  # noqa: F811
    transaction.set_autocommit(False)
    try:
        with pytest.raises(TransactionManagementError):
            reauthorize(alice)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("room.7",), TypeError),
        ((7,), TypeError),
        ((None, "a room"), ValueError),
        ((None, 7), ValueError),
        ((AnonymousUser(),), ValueError),
    ],
)
async def test_what_names_no_user_or_stream_is_refused(announced, arguments, error):  # noqa: F811
    with pytest.raises(error):
        await areauthorize(*arguments)
    assert announced == []


async def test_in_an_event_loop_the_sync_one_says_what_to_call():
    with pytest.raises(RuntimeError, match="await areauthorize"):
        reauthorize()
