"""Locks that end with their holder: what "Alice is editing this" needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async
from realtime.protocol.stream_names import require_stream_name
from realtime.recipients import is_user
from realtime.roster.base import Holder
from realtime.roster.configured import required_backend

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser

__all__ = ["alock", "alock_holder", "aunlock", "lock", "lock_holder", "unlock"]


def lock(name: str, *, by: str | User) -> bool:
    """Take a lock; returns whether it is held ``by`` that one now, or was already.

    ``name`` is formed as the name of a stream. ``by`` is the id of a socket, until whose end it is
    held, or a user, until the user has gone offline. One that is not there gets 15 s to come. In a
    transaction, a lock in the database is taken with it, and others who want it wait for that.

    Raises ``ValueError`` or ``TypeError`` for what can't name or hold a lock, and what
    ``presence`` raises.
    """
    return required_backend().lock(require_stream_name(name), _holder(by))


def unlock(name: str, *, by: str | User) -> bool:
    """Give a lock back; returns whether it was held ``by`` that one. Raises what ``lock`` does."""
    return required_backend().unlock(require_stream_name(name), _holder(by))


def lock_holder(name: str) -> Holder | None:
    """Return who holds a lock, None where it is free.

    ``user`` is a primary key as text, of the user whose socket holds it too. ``socket`` is None
    where the user holds it. Raises what ``lock`` does.
    """
    return required_backend().holders([require_stream_name(name)]).get(name)


async def alock(name: str, *, by: str | User) -> bool:
    """Do what ``lock`` does, from async code."""
    return await run_async(sync_to_async(lock)(name, by=by))


async def aunlock(name: str, *, by: str | User) -> bool:
    """Do what ``unlock`` does, from async code."""
    return await run_async(sync_to_async(unlock)(name, by=by))


async def alock_holder(name: str) -> Holder | None:
    """Do what ``lock_holder`` does, from async code."""
    return await run_async(sync_to_async(lock_holder)(name))


def _holder(by: Any) -> Holder:
    if is_user(by):
        if by.pk is None:
            raise ValueError(f"{by!r} has no primary key, and so can't hold a lock.")
        return Holder(str(by.pk))
    if not isinstance(by, str):
        raise TypeError(f"A lock is held by a user or by a socket's id, not by {by!r}.")
    return Holder(None, require_stream_name(by))
