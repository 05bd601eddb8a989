"""Ends sockets in every process, and has the rights to streams asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async, sync_code_waits
from realtime.concurrency.per_loop import in_event_loop
from realtime.eventlog.commit import after_every_commit
from realtime.layer.broadcast import abroadcast, broadcast
from realtime.layer.control import Control, Disconnect, Reauthorize, control_messages
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.stream_names import require_stream_name
from realtime.recipients import stream_names

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

__all__ = ["adisconnect", "areauthorize", "disconnect", "reauthorize"]

Users: TypeAlias = "AbstractBaseUser | AnonymousUser | Iterable[AbstractBaseUser]"


def disconnect(
    user: Users | None = None, *, socket: str | None = None, reason: str = "", retry: bool = False
) -> None:
    """End the sockets of a user in all processes, from sync code; in a transaction, after it.

    ``user`` may be several. ``socket`` is the id of the only one to end, as ``welcome`` and the log
    have it; with both, it is ended if it is that user's. ``reason`` goes to the pages: at most 100
    printable characters. With ``retry`` they come back by themselves (4406); otherwise each stays
    away until it connects again (4506).

    It takes no right away: a user who may sign in may connect again. Raises ``ValueError`` or
    ``TypeError`` for what names no user, socket or reason, ``TransactionManagementError`` where
    nobody can tell when the caller's data is committed, and ``RuntimeError`` in a running event
    loop (``adisconnect`` is for that). A channel layer that fails is logged, and then some sockets
    stay open.
    """
    if in_event_loop():
        raise RuntimeError("disconnect() was called in an event loop: await adisconnect() there.")
    controls = _disconnects(user, socket, reason, retry)
    after_every_commit(lambda: announce(*controls))


async def adisconnect(
    user: Users | None = None, *, socket: str | None = None, reason: str = "", retry: bool = False
) -> None:
    """End the sockets of a user, from async code; see ``disconnect``."""
    if sync_code_waits() or _asks_a_database(user):
        end: Any = sync_to_async(disconnect)
        await run_async(end(user, socket=socket, reason=reason, retry=retry))
    else:
        for control in _disconnects(user, socket, reason, retry):
            await abroadcast(control_messages(control))


def reauthorize(user: Users | None = None, stream: str | None = None) -> None:
    """Ask ``Stream.authorize`` again in all processes, from sync code; in a transaction, after it.

    For all that ``user`` follows, who may be several; for all who follow ``stream``, by its name;
    with both, for that stream of that user; with neither, for everything. Call it where rights
    change without a signal of Django: those to a room, for one. Who has no right any more follows
    the stream no more.

    Raises ``ValueError`` or ``TypeError`` for what names no user or stream,
    ``TransactionManagementError`` where nobody can tell when the caller's data is committed, and
    ``RuntimeError`` in a running event loop (``areauthorize`` is for that). A channel layer that
    fails is logged, and then the rights are asked for when their time comes.
    """
    if in_event_loop():
        raise RuntimeError("reauthorize() was called in an event loop: await areauthorize() there.")
    controls = _reauthorizations(user, stream)
    after_every_commit(lambda: announce(*controls))


async def areauthorize(user: Users | None = None, stream: str | None = None) -> None:
    """Ask ``Stream.authorize`` again, from async code; see ``reauthorize``."""
    if sync_code_waits() or _asks_a_database(user):
        ask: Any = sync_to_async(reauthorize)
        await run_async(ask(user, stream))
    else:
        for control in _reauthorizations(user, stream):
            await abroadcast(control_messages(control))


def announce(*controls: Control) -> None:
    """Ask all processes for something now, from any code; in an event loop, it goes out soon."""
    outgoing = [message for control in controls for message in control_messages(control)]
    if not outgoing:
        return
    if in_event_loop():
        sending = asyncio.get_running_loop().create_task(abroadcast(outgoing))
        _sending.add(sending)
        sending.add_done_callback(_sending.discard)
    else:
        broadcast(outgoing)


_sending: set[asyncio.Task[None]] = set()
"""Tasks that the event loop knows only weakly."""


def _disconnects(
    user: Users | None, socket: str | None, reason: str, retry: bool
) -> list[Disconnect]:
    """Return what to ask for; nothing where ``user`` is an empty series."""
    if isinstance(user, str):
        raise TypeError(f"Pass the user, or socket= with an id, not {user!r}.")
    if socket is not None and (not isinstance(socket, str) or not socket.isalnum()):
        raise ValueError(f"A socket's id is letters and digits, not {socket!r}.")
    users = () if user is None else tuple(stream_names(user))
    if user is not None and not users:
        return []
    code = CloseCode.DISCONNECTED_FOR_NOW if retry else CloseCode.DISCONNECTED
    return [Disconnect(users, () if socket is None else (socket,), code, reason)]


def _reauthorizations(user: Users | None, stream: str | None) -> list[Reauthorize]:
    """Return what to ask for; nothing where ``user`` is an empty series."""
    if isinstance(user, str):
        raise TypeError(f"Pass the user, or stream= with a name, not {user!r}.")
    if stream is not None:
        require_stream_name(stream)
    users = [None] if user is None else stream_names(user)
    return [Reauthorize(one, stream) for one in users]


def _asks_a_database(user: Any) -> bool:
    """A queryset is read where Django's async code may."""
    return hasattr(user, "query")
