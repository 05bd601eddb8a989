"""Work that waits, by its user: each user's turn comes, and nobody has more than a share of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class FairQueue(Generic[Item]):
    """Hands out items in turn by key (None: nobody's in particular).

    At most ``share`` items of one key are out at a time; those of None are not counted.
    """

    def __init__(self, share: int) -> None:
        self._share = share
        self._waiting: dict[Hashable, dict[Item, None]] = {}
        """The keys in the order of their turns."""
        self._out: Counter[Hashable] = Counter()

    @property
    def out(self) -> int:
        """How many items are out."""
        return self._out.total()

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return sum(map(len, self._waiting.values()))

    def put(self, key: Hashable, item: Item) -> None:
        """Add an item, the last one of its key."""
        self._waiting.setdefault(key, {})[item] = None

    def discard(self, key: Hashable, item: Item) -> bool:
        """Take away an item that nobody wants any more; returns whether it still waited."""
        items = self._waiting.get(key, {})
        if item not in items:
            return False
        del items[item]
        if not items:
            del self._waiting[key]
        return True

    def take(self) -> tuple[Hashable, Item] | None:
        """Take the oldest item of the key whose turn it is; None if none may go out now."""
        key = next((key for key in self._waiting if self._may_take(key)), _NONE)
        if key is _NONE:
            return None
        items = self._waiting.pop(key)
        item = next(iter(items))
        del items[item]
        if items:
            self._waiting[key] = items
        self._out[key] += 1
        return key, item

    def done(self, key: Hashable) -> None:
        """Note that an item of this key is out no longer."""
        self._out[key] -= 1
        if not self._out[key]:
            del self._out[key]

    def _may_take(self, key: Hashable) -> bool:
        return key is None or self._out[key] < self._share


_NONE = object()
