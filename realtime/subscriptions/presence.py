"""The list of who follows a stream: what a page gets of it, and what it says there of its user."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from realtime.access.login import Login
from realtime.exceptions import FrameError, Refused
from realtime.protocol.presence import Member
from realtime.protocol.rate import Rate
from realtime.roster.configured import presence_backend
from realtime.roster.meta import MAX_META, encoded_meta
from realtime.roster.roster import running_roster
from realtime.streams import Stream
from realtime.streams.signed import SignedStream
from realtime.subscriptions.application import ask

SETS_PER_SECOND = 5
"""Times a second that a socket may set something, after a pause twice as many; more of them wait.

Each is an event for all who follow the stream, and one of those that its log keeps.
"""


def rate_of_sets() -> Rate:
    """Return what ``wait_for_turn`` takes, one for each socket."""
    return Rate(SETS_PER_SECOND, now=asyncio.get_running_loop().time())


async def wait_for_turn(rate: Rate) -> None:
    """Wait until a socket may set something again."""
    now = asyncio.get_running_loop().time()
    rate.spend(1, now)
    if seconds := rate.wait(now):
        await asyncio.sleep(seconds)


async def members(stream: Stream, deadline: float | None) -> list[Member] | None:
    """Return who is there, read after this was called; None for a stream that has no list.

    Raises ``TimeoutError`` if it isn't there at ``deadline`` of the loop's clock.
    """
    if not _has_list(stream):
        return None
    async with asyncio.timeout_at(deadline):
        return [present.as_member() for present in await running_roster().state(stream.name)]


async def meta_at_join(stream: Stream, login: Login, deadline: float) -> str | None:
    """Return what the list says of a user from the beginning, as JSON text.

    None for a visitor, and where there is no list. Raises ``FrameError`` where the application
    refuses, ``TypeError`` or ``ValueError`` where it decides on what can't be kept, and
    ``TimeoutError`` at ``deadline`` of the loop's clock.
    """
    if not _has_list(stream) or login.is_visitor:
        return None
    return await _decided(stream, login, {}, deadline)


async def set_meta(stream: Stream, login: Login, wanted: Any, deadline: float) -> dict[str, Any]:
    """Have the list say of a user what the application makes of ``wanted``, and return that.

    Raises what ``meta_at_join`` raises, and ``FrameError`` for what can't be wanted.
    """
    if not _has_list(stream):
        raise FrameError("no_presence", f"{stream.name} has no list of those who follow it.")
    if isinstance(stream, SignedStream):
        raise FrameError("refused", f"A signed name is for following {stream.name}: set nothing.")
    if login.is_visitor:
        raise FrameError("refused", "Only users who are signed in are on the list.")
    _require_small_object(wanted)
    text = await _decided(stream, login, wanted, deadline)
    decided: dict[str, Any] = json.loads(text)
    async with asyncio.timeout_at(deadline):
        await running_roster().set_meta(stream.name, str(login.user.pk), decided)
    return decided


def _has_list(stream: Stream) -> bool:
    """Tell whether a stream has a list: none has where presence is off."""
    return stream.presence and presence_backend() is not None


def _require_small_object(wanted: Any) -> None:
    if not isinstance(wanted, dict):
        raise FrameError("bad_frame", "meta is a JSON object.")
    try:
        encoded_meta(wanted)
    except ValueError:
        raise FrameError("too_large", f"meta has at most {MAX_META} bytes of JSON.") from None


async def _decided(stream: Stream, login: Login, wanted: dict[str, Any], deadline: float) -> str:
    try:
        decided = await ask(login, stream.presence_meta, wanted, deadline=deadline)
    except Refused as refusal:
        raise FrameError("refused", str(refusal)) from None
    return encoded_meta(decided)
