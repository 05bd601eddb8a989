"""What a stream class says of the events that its followers get: names of fields, and seconds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_TEXT = 200
"""Characters of a text that a client gives for a field."""


class Rules(NamedTuple):
    """Which events a follower gets; all names are those of fields of the events' data."""

    fields: tuple[str, ...] = ()
    order: str | None = None
    order_key: str | None = None
    throttle: float | None = None
    throttle_key: str | None = None

    @property
    def select(self) -> bool:
        """Whether a follower may not get every event."""
        return bool(self.fields) or self.order is not None or self.throttle is not None


def rules_of(stream_class: Any) -> Rules:
    """Return the rules in a class's attributes; raises ``ValueError`` for what is no rule."""
    name = stream_class.__qualname__
    fields = names_of(stream_class, "fields")
    names_of(stream_class, "extra")
    for attribute in ("order", "order_key", "throttle_key"):
        value = getattr(stream_class, attribute)
        if value is not None and not (isinstance(value, str) and value):
            raise ValueError(f"{name}.{attribute} is the name of a field, or None, not {value!r}.")
    for attribute in ("throttle", "heartbeat_every"):
        value = getattr(stream_class, attribute)
        if value is not None and not _is_seconds(value):
            raise ValueError(f"{name}.{attribute} is seconds, above 0, not {value!r}.")
    for attribute, without in (("order_key", "order"), ("throttle_key", "throttle")):
        if getattr(stream_class, attribute) is not None and getattr(stream_class, without) is None:
            raise ValueError(f"{name}.{attribute} does nothing without {without}.")
    rest = ("order", "order_key", "throttle", "throttle_key")
    return Rules(fields, *(getattr(stream_class, attribute) for attribute in rest))


def names_of(stream_class: Any, attribute: str) -> tuple[str, ...]:
    """Return the names of fields in a class's attribute; raises ``ValueError`` for another one."""
    value = getattr(stream_class, attribute)
    if isinstance(value, str) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(
            f"{stream_class.__qualname__}.{attribute} is a tuple of names, not {value!r}."
        )
    return tuple(value)


def is_matched(fields: tuple[str, ...], values: Mapping[str, Any], data: Any) -> bool:
    """Tell whether an event is for a follower with these values.

    Of the fields that the event's data has, each has the follower's value; None stands for a value
    that the follower lacks.
    """
    if not isinstance(data, dict):
        return True
    return all([_equal(data[name], values.get(name)) for name in fields if name in data])


def field_text(data: Any, name: str | None) -> str | None:
    """Return a field of an event's data as a key; None where the data has no such field."""
    if not isinstance(data, dict) or name not in data:
        return None
    return json.dumps(data[name], sort_keys=True)


def field_number(data: Any, name: str | None) -> float | None:
    """Return a field of an event's data that is a number, None where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if _is_number(value) else None


def is_given_value(value: Any) -> bool:
    """Tell whether a client may give this for a field: it is copied to each event that it gets."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return value is None or isinstance(value, bool | int | float)


def _equal(one: Any, other: Any) -> bool:
    """Python takes True for 1, JSON does not."""
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_seconds(value: Any) -> bool:
    return _is_number(value) and 0 < value < math.inf
