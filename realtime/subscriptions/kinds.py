"""Which kind of subscription a stream class needs."""

from __future__ import annotations

from functools import cache
from typing import Any

from realtime.exceptions import FrameError
from realtime.fanout.hub import Hub
from realtime.protocol.rules import Rules, is_given_value, names_of, rules_of
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Mode, Stream
from realtime.subscriptions.cached import CachedSubscription
from realtime.subscriptions.selective import SelectiveSubscription
from realtime.subscriptions.subscription import Subscription


def make_subscription(socket: RealtimeSocket, stream: Stream, hub: Hub) -> Subscription:
    """Return the subscription of a socket to a stream, which has not started yet."""
    stream_class: Any = type(stream)
    kind, rules = _kind(stream_class)
    if kind is None and not stream.given:
        return Subscription(socket, stream, hub)
    return (kind or SelectiveSubscription)(socket, stream, hub, rules)


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
def _kind(stream_class: Any) -> tuple[type[SelectiveSubscription] | None, Rules]:
    """Return the kind that a class needs, None where its followers get all events as they are."""
    rules = rules_of(stream_class)
    if stream_class.mode == Mode.CACHE:
        return CachedSubscription, rules
    return SelectiveSubscription if rules.select else None, rules
