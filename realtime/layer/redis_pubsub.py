"""A channel layer for Redis: that of channels_redis, with a leaner way to read and to write.

Both put the same on the wire, so processes with one and with the other reach each other. This one
has no task that reads, and a queue only for who calls ``receive``; a link is called instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer as ChannelsRedisLayer
from channels_redis.pubsub import RedisPubSubLoopLayer, RedisSingleShardConnection
from channels_redis.utils import _wrap_close

from realtime.layer.listener import Listener
from realtime.layer.redis_connections import Publisher, Subscriber
from realtime.layer.redis_threads import ThreadsPublisher
from realtime.logs import get_logger

__all__ = ["RedisPubSubChannelLayer"]

logger = get_logger(__name__)

RECONNECT_AFTER = 1.0
"""Seconds between two attempts to connect again."""


class RedisPubSubChannelLayer(ChannelsRedisLayer):  # type: ignore[misc]
    """The channel layer; its options are those of channels_redis's class of the same name."""

    @cached_property
    def _for_threads(self) -> _LoopLayer:
        return _LoopLayer(*self._args, **self._kwargs, channel_layer=self)

    def group_send_blocking(self, group: str, message: dict[str, Any]) -> None:
        """Do what ``group_send`` does, from any thread, without an event loop."""
        layer = self._for_threads
        channel = layer._get_group_channel_name(group)
        layer._get_shard(channel).for_threads.publish(channel, self.serialize(message))

    def _get_layer(self) -> _LoopLayer:
        loop = asyncio.get_running_loop()
        layer: _LoopLayer | None = self._layers.get(loop)
        if layer is None:
            layer = _LoopLayer(*self._args, **self._kwargs, channel_layer=self)
            self._layers[loop] = layer
            _wrap_close(self, loop)
        return layer


class _LoopLayer(RedisPubSubLoopLayer):  # type: ignore[misc]
    """The layer in one event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shards: list[Any] = vars(self)["_shards"]
        self._shards = [_Shard(shard.host, self) for shard in shards]

    def call_on_message(
        self,
        channel: str,
        on_message: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """Call ``on_message`` with each message to a channel, which nobody receives then.

        ``on_error`` gets what could not be decoded, and errors after which messages are missing.
        Both are called in the event loop and must not raise. Raises ``KeyError`` for a channel that
        ``new_channel`` did not return.
        """
        deserialize = self.channel_layer.deserialize
        waiting, listener = self.channels[channel], Listener(deserialize, on_message, on_error)
        self.channels[channel] = listener
        while not waiting.empty():
            listener.put_nowait(waiting.get_nowait())

    def take(self, name: bytes, data: bytes) -> None:
        """Hand on a message that Redis brought for a channel or a group."""
        channel = name.decode()
        queue = self.channels.get(channel)
        if queue is not None:
            queue.put_nowait(data)
            return
        for member in tuple(self.groups.get(channel, ())):
            queue = self.channels.get(member)
            if queue is not None:
                queue.put_nowait(data)

    def failed(self, error: Exception) -> None:
        """Tell all who listen that messages may be missing; others have only the log."""
        for queue in tuple(self.channels.values()):
            if isinstance(queue, Listener):
                queue.on_error(error)


class _Shard(RedisSingleShardConnection):  # type: ignore[misc]
    """One Redis, with a connection that subscribes and one that publishes."""

    def __init__(self, host: dict[str, Any], channel_layer: _LoopLayer) -> None:
        super().__init__(host, channel_layer)
        self._subscriber: Subscriber | None = None
        self._publisher: Publisher | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._lost: list[Any] = []
        """Connections of redis-py that have ended, and that its pool still counts."""
        self.for_threads = ThreadsPublisher(host)

    async def publish(self, channel: str, message: bytes) -> None:
        publisher = self._publisher
        if publisher is None or publisher.is_abandoned:
            async with self._lock:
                publisher = await self._connected_publisher()
        await publisher.execute("PUBLISH", channel, message)

    async def subscribe(self, channel: str) -> None:
        async with self._lock:
            if channel not in self._subscribed_to:
                subscriber = await self._connected_subscriber()
                await subscriber.send("SUBSCRIBE", channel)
                self._subscribed_to.add(channel)

    async def unsubscribe(self, channel: str) -> None:
        async with self._lock:
            if channel in self._subscribed_to:
                self._subscribed_to.remove(channel)
                if self._subscriber is not None:
                    await self._subscriber.send("UNSUBSCRIBE", channel)

    async def flush(self) -> None:
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        async with self._lock:
            for connection in (self._subscriber, self._publisher):
                if connection is not None:
                    connection.close()
            self._subscriber = self._publisher = self._reconnecting = None
            self._lost.clear()
        await super().flush()  # Closes redis-py's side of the connections, and waits for that.

    async def _connected_publisher(self) -> Publisher:
        if self._publisher is not None and self._publisher.is_abandoned:
            self._publisher.close()
            self._lost.append(self._publisher.connection)
            self._publisher = None
        if self._publisher is None:
            connection = await self._open()
            self._publisher = Publisher(connection, partial(self._on_publisher_lost, connection))
        return self._publisher

    async def _connected_subscriber(self) -> Subscriber:
        """Return the subscriber, connected and with all its subscriptions."""
        if self._subscriber is None:
            connection = await self._open()
            on_lost = partial(self._on_subscriber_lost, connection)
            take = self.channel_layer.take
            subscriber = Subscriber(connection, take, self._on_refused, on_lost)
            self._subscriber = subscriber
            if self._subscribed_to:
                await subscriber.send("SUBSCRIBE", *self._subscribed_to)
            return subscriber
        return self._subscriber

    async def _open(self) -> Any:
        """Have redis-py open a connection, in place of those that were lost."""
        self._ensure_redis()
        pool = self._redis.connection_pool
        while self._lost:
            lost = self._lost.pop()
            await lost.disconnect(nowait=True)
            await pool.release(lost)
        return await pool.get_connection()

    def _on_refused(self, error: Exception) -> None:
        logger.error("channel layer refused error=%r", error)
        self.channel_layer.failed(error)

    def _on_publisher_lost(self, connection: Any, error: Exception) -> None:
        self._lost.append(connection)
        self._publisher = None

    def _on_subscriber_lost(self, connection: Any, error: Exception) -> None:
        self._lost.append(connection)
        self._subscriber = None
        logger.error("channel layer connection lost error=%r: connecting again", error)
        self._reconnecting = asyncio.create_task(self._reconnect(), name="realtime-layer-reconnect")
        self.channel_layer.failed(error)

    async def _reconnect(self) -> None:
        while True:
            try:
                async with self._lock:
                    await self._connected_subscriber()
            except Exception as error:
                logger.error("channel layer not connected again error=%r", error)
                await asyncio.sleep(RECONNECT_AFTER)
            else:
                logger.warning("channel layer connected again")
                return
