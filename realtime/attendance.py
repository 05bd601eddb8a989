"""Who is there: the users in a stream, and whether a user is online at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async
from realtime.eventlog.commit import after_every_commit
from realtime.recipients import Recipient, is_user, stream_names
from realtime.roster.announcing import announce_one
from realtime.roster.base import ONLINE, PresenceBackend, Present
from realtime.roster.configured import required_backend
from realtime.roster.meta import encoded_meta

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser

__all__ = [
    "ais_online",
    "apresence",
    "aupdate_presence",
    "is_online",
    "presence",
    "update_presence",
]


# A name is itself a series of strings, so the first signature has to be tried first.
@overload
def presence(to: Recipient) -> list[Present]: ...  # type: ignore[overload-overlap]
@overload
def presence(to: Iterable[Recipient]) -> dict[str, list[Present]]: ...
def presence(to: Recipient | Iterable[Recipient]) -> list[Present] | dict[str, list[Present]]:
    """Return who is in a stream, in any process: the first to come first.

    ``to`` is a stream's name or a user, for one list; or several of these, for a dict of lists by
    name. Only streams whose class has ``presence = True`` know who follows them.

    Raises ``ValueError`` or ``TypeError`` for what is no stream or user, ``ImproperlyConfigured``
    where presence is off, and what its backend raises if it is away.
    """
    streams = stream_names(to)
    found = required_backend().present(streams)
    return found[streams[0]] if isinstance(to, str) or is_user(to) else found


@overload
async def apresence(to: Recipient) -> list[Present]: ...  # type: ignore[overload-overlap]
@overload
async def apresence(to: Iterable[Recipient]) -> dict[str, list[Present]]: ...
async def apresence(
    to: Recipient | Iterable[Recipient],
) -> list[Present] | dict[str, list[Present]]:
    """Do what ``presence`` does, from async code."""
    find: Callable[[Any], Any] = presence
    found: list[Present] | dict[str, list[Present]] = await run_async(sync_to_async(find)(to))
    return found


@overload
def is_online(users: User) -> bool: ...
@overload
def is_online(users: Iterable[User]) -> dict[Any, bool]: ...
def is_online(users: User | Iterable[User]) -> bool | dict[Any, bool]:
    """Tell whether a user has an open socket in any process, or had one a moment ago.

    With several users, return a dict by primary key; that takes no more queries than one user
    does. "A moment" is ``OFFLINE_AFTER``. A visitor who is not signed in is never online.

    Raises ``TypeError`` for what is no user, and what ``presence`` raises.
    """
    keys = [user.pk for user in _users(users)]
    online = required_backend().attending(ONLINE, [str(pk) for pk in keys if pk is not None])
    found = {pk: pk is not None and str(pk) in online for pk in keys}
    return next(iter(found.values())) if is_user(users) else found


@overload
async def ais_online(users: User) -> bool: ...
@overload
async def ais_online(users: Iterable[User]) -> dict[Any, bool]: ...
async def ais_online(users: User | Iterable[User]) -> bool | dict[Any, bool]:
    """Do what ``is_online`` does, from async code."""
    find: Callable[[Any], Any] = is_online
    found: bool | dict[Any, bool] = await run_async(sync_to_async(find)(users))
    return found


def update_presence(stream: str, user: User, meta: dict[str, Any]) -> None:
    """Set what is known about a user in a stream, such as ``{"typing": True}``; all who follow see.

    ``meta`` takes the place of what was there: a dict of at most 1024 bytes of JSON. It is set when
    the caller's transaction commits, and goes when the user leaves. Nothing happens for a user who
    is not in the stream.

    Raises ``ValueError`` or ``TypeError`` for a stream, user or ``meta`` that can't be, and what
    ``presence`` raises.
    """
    backend, (name,) = required_backend(), stream_names(stream)
    if not is_user(user) or user.pk is None:
        raise TypeError(f"Name a user who is saved, not {user!r}.")
    copied = json.loads(encoded_meta(meta))
    after_every_commit(lambda: _update(backend, name, str(user.pk), copied))


async def aupdate_presence(stream: str, user: User, meta: dict[str, Any]) -> None:
    """Do what ``update_presence`` does, from async code."""
    await run_async(sync_to_async(update_presence)(stream, user, meta))


def _update(backend: PresenceBackend, stream: str, user: str, meta: dict[str, Any]) -> None:
    notice = backend.update(stream, user, meta)
    if notice is not None:
        announce_one(backend, notice)


def _users(users: Any) -> list[Any]:
    """Return one user or several as a list."""
    is_one = is_user(users) or not isinstance(users, Iterable)
    several = [users] if is_one else list(users)
    for one in several:
        if not is_user(one):
            raise TypeError(f"Name a user or several, not {one!r}.")
    return several
