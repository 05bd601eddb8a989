"""Which kind of subscription a stream class needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

from realtime.concurrency.threads import run_application
from realtime.exceptions import FrameError
from realtime.fanout.hub import Hub
from realtime.protocol.rules import Rules, is_given_value, names_of, rules_of
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Mode, Stream
from realtime.subscriptions.cached import CachedSubscription
from realtime.subscriptions.selective import SelectiveSubscription
from realtime.subscriptions.subscription import Subscription


async def make_subscription(
    socket: RealtimeSocket, stream: Stream, hub: Hub, deadline: float
) -> Subscription:
    """Return the subscription of a socket to a stream, which has not started yet.

    Raises ``TimeoutError`` if the values of its fields are not known at ``deadline`` of the loop's
    clock.
    """
    stream_class: Any = type(stream)
    kind, rules = _kind(stream_class)
    if kind is Subscription and not stream.given:
        return Subscription(socket, stream, hub)
    values = await _field_values(socket.user, stream, deadline) if rules.fields else {}
    selective = CachedSubscription if kind is CachedSubscription else SelectiveSubscription
    return selective(socket, stream, hub, rules, values)


def require_given(stream: Stream) -> None:
    """Raise ``FrameError`` for what a client can't give for fields when it subscribes."""
    extra: Any = stream.given
    if not isinstance(extra, dict) or not all(is_given_value(value) for value in extra.values()):
        raise FrameError(
            "bad_frame", "extra is an object of numbers, booleans and strings of 200 characters."
        )
    if unknown := sorted(extra.keys() - names_of(type(stream), "extra")):
        raise FrameError("bad_frame", f"{stream.name} has no field {unknown[0][:80]!r}.")


@cache
def _kind(stream_class: Any) -> tuple[type[Subscription], Rules]:
    rules = rules_of(stream_class)
    if stream_class.mode == Mode.CACHE:
        return CachedSubscription, rules
    return SelectiveSubscription if rules.select else Subscription, rules


async def _field_values(user: Any, stream: Stream, deadline: float) -> Mapping[str, Any]:
    async with asyncio.timeout_at(deadline):
        values = await run_application(user.pk, stream.field_values, user)
    if not isinstance(values, Mapping):
        raise TypeError(f"{type(stream).__qualname__}.field_values returned {values!r}, no dict.")
    return values
