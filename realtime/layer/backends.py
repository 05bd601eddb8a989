"""What differs between channel layers: whose instance to take, how it fails, how it closes."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

from realtime.exceptions import LinkFault
from realtime.logs import shown

on_complaint: ContextVar[Callable[[str], None] | None] = ContextVar("realtime_on_complaint")
"""What a task sets to be called with the errors that its layer only logs."""

_home_loops: WeakKeyDictionary[Any, tuple[int, asyncio.AbstractEventLoop]] = WeakKeyDictionary()


def own_layer() -> Any:
    """Return an instance of the default layer that nobody else uses; in-memory, the shared one.

    Raises ``LinkFault`` where none is configured.
    """
    shared = get_channel_layer()
    if shared is None:
        raise LinkFault("no channel layer is configured: set CHANNEL_LAYERS")
    if isinstance(shared, InMemoryChannelLayer):
        _home_loops[shared] = os.getpid(), asyncio.get_running_loop()
        return shared
    return channel_layers.make_backend(DEFAULT_CHANNEL_LAYER)


def home_loop(layer: Any) -> asyncio.AbstractEventLoop | None:
    """Return the event loop in which messages have to be sent, None where any will do.

    An in-memory layer's queues wake only the loop that waits on them. A forked child has a copy of
    the loop, which does not run.
    """
    pid, loop = _home_loops.get(layer, (None, None))
    return loop if loop is not None and pid == os.getpid() and not loop.is_closed() else None


def is_receive_timeout(error: Exception) -> bool:
    """Tell whether a layer only stopped waiting for a message, as ``RedisChannelLayer`` does."""
    return type(error).__name__ == "TimeoutError"


def is_unreadable(error: Exception) -> bool:
    """Tell whether a layer could not decode what it received: anybody may send anything to it."""
    kinds = (ValueError, TypeError, KeyError, AssertionError, RecursionError)
    return isinstance(error, kinds) or type(error).__name__ == "InvalidToken"


def closing_of(layer: Any) -> Callable[[], Awaitable[None]] | None:
    """Return what closes the connections of a layer, None where that is not known.

    ``flush`` does so in the pub/sub layer alone; elsewhere it deletes the groups of everyone.
    """
    if type(layer).__name__ == "RedisPubSubChannelLayer":
        return layer.flush  # type: ignore[no-any-return]
    return getattr(layer, "close_connections", None) or getattr(layer, "close_pools", None)


def listening_of(layer: Any) -> Callable[..., None] | None:
    """Return what has a layer call a function with each message, None where it is to be read."""
    return getattr(layer, "call_on_message", None)


def blocking_group_send_of(layer: Any) -> Callable[[str, dict[str, Any]], None] | None:
    """Return what does ``group_send`` in any thread, without an event loop; None if nothing."""
    kind: Any = type(layer)
    return layer.group_send_blocking if _has_blocking_group_send(kind) else None


@cache
def _has_blocking_group_send(kind: type) -> bool:
    """A layer of channels_redis can't be asked for other attributes outside of an event loop.

    Nothing does so where a subclass has a ``group_send`` of its own, which may do more.
    """
    for one in kind.__mro__:
        if "group_send_blocking" in vars(one):
            return True
        if "group_send" in vars(one):
            return False
    return False


def shards() -> int:
    """Return over how many servers the default layer spreads its groups, as the settings say.

    That matters for the pub/sub layers of Redis, which subscribe to a group on one of them.
    """
    configured: dict[str, Any] = channel_layers.configs.get(DEFAULT_CHANNEL_LAYER, {})
    hosts = configured.get("CONFIG", {}).get("hosts")
    is_pub_sub = str(configured.get("BACKEND")).endswith(".RedisPubSubChannelLayer")
    return len(hosts) if is_pub_sub and isinstance(hosts, list | tuple) and hosts else 1


def shard_of(group: str) -> int:
    """Return the number of the server that has a group; call it in an event loop."""
    layer: Any = get_channel_layer()
    return _shard(layer, layer._get_group_channel_name(group))


async def new_channel(layer: Any, shard: int | None) -> str:
    """Return a new channel, on the server with a number where one is given."""
    if shard is None:
        return str(await layer.new_channel())
    names = (f"{layer.prefix}specific.{uuid.uuid4().hex}" for _ in itertools.count())
    channel = next(name for name in names if _shard(layer, name) == shard)
    await layer._subscribe_to_channel(channel)
    return channel


def _shard(layer: Any, name: str) -> int:
    return int(layer._shards.index(layer._get_shard(name)))


class _Complaints(logging.Filter):
    """Takes what a layer logs inside a link as a fault of that link.

    The Redis layers catch the errors of their readers and log each with a traceback, once a
    second. The link gets the fault immediately, and logs it in one line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        complain = on_complaint.get(None)
        if complain is None or record.levelno < logging.ERROR:
            return True
        error = record.exc_info[1] if record.exc_info else None
        complain(f"{record.getMessage()} {shown(error)}")
        return False


_complaints = _Complaints()


def watch_complaints_of(layer: Any) -> None:
    """Filter the logger of the layer's own module, or of the one that logs for it."""
    module = getattr(layer, "logs_in", type(layer).__module__)
    logging.getLogger(module).addFilter(_complaints)
