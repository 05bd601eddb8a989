"""What one follower gets of a stream: filtered, put in order, throttled; without a clock."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from realtime.protocol.order import Order
from realtime.protocol.rules import Rules, field_number, field_text, is_matched
from realtime.protocol.throttle import Throttle

Event = TypeVar("Event")


class Selected(NamedTuple, Generic[Event]):
    """An event that goes out; an ephemeral one has no ``offset``."""

    offset: int | None
    event: Event


class Selection(Generic[Event]):
    """Selects events for a follower that has those up to ``offset``, and these values of fields.

    All events have to be taken, in order. Each method returns what goes out.
    """

    __slots__ = ("_order", "_rules", "_throttle", "_values", "seen")

    def __init__(self, rules: Rules, values: Mapping[str, Any], offset: int) -> None:
        self._rules = rules
        self._values = values
        self.seen = offset
        """The offset of the last event that was taken."""
        self._order = None if rules.order is None else Order()
        self._throttle: Throttle[Selected[Event]] | None = (
            None if rules.throttle is None else Throttle(rules.throttle)
        )

    @property
    def passed(self) -> int:
        """The offset up to which all that the follower gets has gone out."""
        if self._throttle is None:
            return self.seen
        offsets = (one.offset for one in self._throttle.held if one.offset is not None)
        return next(offsets, self.seen + 1) - 1

    @property
    def wake_at(self) -> float:
        """The instant at which to call ``wake`` next."""
        return math.inf if self._throttle is None else self._throttle.wake_at

    def take(
        self, offset: int | None, name: str, data: Any, event: Event, now: float
    ) -> list[Selected[Event]]:
        """Take an event with its data at ``now`` (seconds); an ephemeral one has no offset.

        Events of different names don't replace each other.
        """
        if offset is not None:
            self.seen = offset
        rules = self._rules
        if rules.fields and not is_matched(rules.fields, self._values, data):
            return []
        if self._order is not None and self._is_old(self._order, data):
            return []
        selected = Selected(offset, event)
        if self._throttle is None:
            return [selected]
        key_name = rules.throttle_key
        value = "" if key_name is None else field_text(data, key_name)
        return self._pass_on(selected, None if value is None else (name, value), now)

    def let_through(self, offset: int, event: Event, now: float) -> list[Selected[Event]]:
        """Take an event that the rules are not about: it is never dropped."""
        self.seen = offset
        return self._pass_on(Selected(offset, event), None, now)

    def skip_to(self, offset: int) -> None:
        """Pass over the events up to an offset."""
        self.seen = max(self.seen, offset)

    def wake(self, now: float) -> list[Selected[Event]]:
        """Return what was held until now."""
        return [] if self._throttle is None else self._throttle.wake(now)

    def _pass_on(
        self, selected: Selected[Event], key: Hashable, now: float
    ) -> list[Selected[Event]]:
        return [selected] if self._throttle is None else self._throttle.take(key, selected, now)

    def _is_old(self, order: Order, data: Any) -> bool:
        number = field_number(data, self._rules.order)
        if number is None:
            return False
        return not order.allows(field_text(data, self._rules.order_key), number)
