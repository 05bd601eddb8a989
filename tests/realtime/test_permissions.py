"""Whose rights are asked for when groups and permissions change."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from realtime.layer.control import Reauthorize, Recheck
from realtime.permissions import MAX_USERS
from tests.realtime.announced import announced  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return get_user_model().objects.create_user("alice")


@pytest.fixture
def bob():
    return get_user_model().objects.create_user("bob")


@pytest.fixture
def group():
    return Group.objects.create(name="agents")


@pytest.fixture
def permission():
    return Permission.objects.first()


@pytest.fixture
def changes(alice, bob, group, permission, announced):  # noqa: F811
    """Bob is in the group, which has the permission; what is announced from then on."""
    bob.groups.add(group)
    group.permissions.add(permission)
    announced.clear()
    return announced


def names(*users):
    return [Recheck(tuple(f"user.{user.pk}" for user in users))]


@pytest.mark.parametrize(
    "change",
    [
        lambda bob, group: bob.groups.remove(group),
        lambda bob, group: group.user_set.remove(bob),
        lambda bob, group: bob.groups.clear(),
        lambda bob, group: group.user_set.clear(),
        lambda bob, group: bob.groups.set([]),
        lambda bob, group: group.delete(),
        lambda bob, group: Group.objects.filter(pk=group.pk).delete(),
        lambda bob, group: group.permissions.clear(),
    ],
)
def test_a_user_who_loses_a_group_or_what_it_may(changes, bob, group, change):
    change(bob, group)
    assert changes == names(bob)


def test_a_user_who_comes_into_a_group(changes, alice, group):
    alice.groups.add(group)
    assert changes == names(alice)


def test_what_a_group_gets_concerns_its_users(changes, alice, bob, group):
    other = Permission.objects.last()
    group.permissions.add(other)
    other.group_set.remove(group)
    assert changes == names(bob) * 2


def test_users_with_a_permission_of_their_own(changes, alice):
    permission = Permission.objects.last()
    alice.user_permissions.add(permission)
    permission.user_set.remove(alice)
    alice.user_permissions.set([permission])
    permission.user_set.clear()
    assert changes == names(alice) * 4


def test_a_permission_that_a_group_loses_from_the_other_side(changes, bob, permission):
    permission.group_set.clear()
    assert changes == names(bob)


def test_a_deleted_permission_concerns_all_who_had_it(changes, alice, bob, permission):
    alice.user_permissions.add(permission)
    changes.clear()
    permission.delete()
    (control,) = changes
    assert sorted(control.users) == sorted(names(alice, bob)[0].users)


def test_a_group_without_users_concerns_nobody(changes):
    other = Group.objects.create(name="other")
    other.permissions.add(Permission.objects.last())
    other.delete()
    assert changes == []


def test_the_changes_of_a_transaction_are_announced_together_after_it(changes, alice, bob, group):
    with transaction.atomic():
        alice.groups.add(group)
        bob.groups.remove(group)
        assert changes == []
    assert changes == names(alice, bob)


def test_what_is_rolled_back_is_not_announced(changes, bob, group):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        bob.groups.remove(group)
        raise ZeroDivisionError
    assert changes == []


def test_of_too_many_users_all_processes_ask_for_every_right(changes, group):
    users = [get_user_model()(username=f"user {number}") for number in range(MAX_USERS + 1)]
    group.user_set.add(*get_user_model().objects.bulk_create(users))
    group.permissions.clear()
    assert changes == [Reauthorize(), Reauthorize()]
