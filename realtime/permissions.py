"""Receivers for changes of groups and permissions: the rights of those users are asked again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField, Q
from django.db.models.signals import m2m_changed, pre_delete

from realtime.eventlog.commit import collect_after_commit
from realtime.layer.control import Reauthorize, Recheck
from realtime.protocol.stream_names import pk_stream_name
from realtime.rights import announce

MAX_USERS = 1000
"""Users who are named to the other processes; where more are affected, these ask for all rights."""

CHANGES = ("post_add", "pre_remove", "pre_clear")
"""When those are known whom a change affects: before it takes something away."""


def users_changed(
    instance: Any, action: str, reverse: bool, pk_set: Any, using: str, **_: Any
) -> None:
    """Have the rights of users checked whose groups or permissions change."""
    if action not in CHANGES:
        return
    if not reverse:
        _collect([instance.pk], using)
    elif pk_set is not None:
        _collect(pk_set, using)
    else:
        _collect(_users_with(instance, using), using)


def group_permissions_changed(
    instance: Any, action: str, reverse: bool, pk_set: Any, using: str, **_: Any
) -> None:
    """Have the rights of the users of groups checked whose permissions change."""
    if action not in CHANGES:
        return
    if reverse:
        groups = Group.objects.using(using).filter(permissions=instance.pk)
        pk_set = set(groups.values_list("pk", flat=True)) if pk_set is None else pk_set
    else:
        pk_set = {instance.pk}
    _collect(_users_of(pk_set, using), using)


def deleted(instance: Any, using: str, **_: Any) -> None:
    """Have the rights of those users checked who lose a group or a permission by its deletion."""
    _collect(_users_with(instance, using), using)


def connect() -> None:
    """Receive the changes of what the user model has of Django's groups and permissions.

    Deleting a group or a permission loses Django's fast delete, which matters for nobody.
    """
    for field in _fields(Group, Permission):
        m2m_changed.connect(
            users_changed, field.remote_field.through, dispatch_uid=f"realtime.{field.name}"
        )
    m2m_changed.connect(
        group_permissions_changed, Group.permissions.through, dispatch_uid="realtime.permissions"
    )
    for model in (Group, Permission):
        pre_delete.connect(deleted, model, dispatch_uid=f"realtime.deleted_{model.__name__}")


def _fields(*models: Any) -> list[ManyToManyField[Any, Any]]:
    """Return the fields of the user model that lead to one of these; a project's may have none."""
    fields = get_user_model()._meta.many_to_many
    return [field for field in fields if field.related_model in models]


def _users_with(instance: Any, using: str) -> Collection[Any] | None:
    """Return the users who have a group or a permission; None for too many, or nobody knows who."""
    if isinstance(instance, Group):
        return _users_of({instance.pk}, using)
    has_it = Q()
    for field in _fields(Permission):
        has_it |= Q(**{field.name: instance.pk})
    for field in _fields(Group):
        has_it |= Q(**{f"{field.name}__permissions": instance.pk})
    return _users_where(has_it, using)


def _users_of(groups: Collection[Any], using: str) -> Collection[Any] | None:
    in_one = Q()
    for field in _fields(Group):
        in_one |= Q(**{f"{field.name}__in": groups})
    return _users_where(in_one, using)


def _users_where(condition: Q, using: str) -> Collection[Any] | None:
    if not condition:
        return None
    users = get_user_model()._base_manager.using(using).filter(condition)
    found = set(users.values_list("pk", flat=True)[: MAX_USERS + 1])
    return found if len(found) <= MAX_USERS else None


def _collect(users: Collection[Any] | None, using: str) -> None:
    """Announce users, by their primary keys, once the change is committed; None stands for all."""
    names = None if users is None else tuple(pk_stream_name(str(pk)) for pk in users)
    if names != ():
        collect_after_commit(names, using, _announce)


def _announce(changes: Sequence[tuple[str, ...] | None]) -> None:
    named = dict.fromkeys(chain.from_iterable(names for names in changes if names is not None))
    if None in changes or len(named) > MAX_USERS:
        announce(Reauthorize())
    else:
        announce(Recheck(tuple(named)))
