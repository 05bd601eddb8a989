"""The links to a channel layer that is spread over several Redis servers: one to each of them.

A link is made again as a whole, and probes the server that has its channel. With one for all
servers, the end of one would silence the streams of all, and one that is silent would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from realtime.layer import backends
from realtime.layer.groups import every_hub
from realtime.layer.link import LayerLink
from realtime.layer.messages import Message


class ShardedLink:
    """Does what ``LayerLink`` does, by a link to each of ``count`` servers."""

    def __init__(
        self,
        count: int,
        groups: Callable[[], Iterable[str]],
        on_message: Callable[[Message], None],
        on_repaired: Callable[[], None],
    ) -> None:
        self._groups = groups
        self._links = [
            LayerLink(partial(self._groups_of, shard), on_message, on_repaired, shard)
            for shard in range(count)
        ]

    @property
    def is_up(self) -> bool | None:
        """Whether all servers have brought back the last probe; None before the first ones."""
        states = {link.is_up for link in self._links}
        return False if False in states else None if None in states else True

    @property
    def channel(self) -> str | None:
        """The channel of the link that has the group of all hubs; None while it is down."""
        return self._link_of(every_hub()).channel

    async def join(self, group: str) -> None:
        """Do what ``LayerLink.join`` does, by the group's link."""
        await self._link_of(group).join(group)

    async def leave(self, group: str) -> None:
        """Do what ``LayerLink.leave`` does, by the group's link."""
        await self._link_of(group).leave(group)

    def _groups_of(self, shard: int) -> list[str]:
        return [group for group in self._groups() if backends.shard_of(group) == shard]

    def _link_of(self, group: str) -> LayerLink:
        return self._links[backends.shard_of(group)]


Link = LayerLink | ShardedLink


def link_to_layer(
    groups: Callable[[], Iterable[str]],
    on_message: Callable[[Message], None],
    on_repaired: Callable[[], None],
) -> Link:
    """Return a link to the default layer; see ``LayerLink`` for the arguments."""
    count = backends.shards()
    if count == 1:
        return LayerLink(groups, on_message, on_repaired)
    return ShardedLink(count, groups, on_message, on_repaired)
