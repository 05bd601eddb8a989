"""Drops events that are older than one that went before them: the rule, without I/O."""

from __future__ import annotations

from collections.abc import Hashable

MAX_KEYS = 1000
"""Keys whose numbers are remembered; those that were used least lately are forgotten."""


class Order:
    """Lets an event through if its number is above all that went before it with its key."""

    __slots__ = ("_highest",)

    def __init__(self) -> None:
        self._highest: dict[Hashable, float] = {}

    def allows(self, key: Hashable, number: float) -> bool:
        """Tell whether the event may go, and remember its number if so."""
        highest = self._highest.pop(key, None)
        is_newer = highest is None or number > highest
        self._highest[key] = number if highest is None else max(number, highest)
        if len(self._highest) > MAX_KEYS:
            del self._highest[next(iter(self._highest))]
        return is_newer
