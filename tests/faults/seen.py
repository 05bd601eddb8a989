"""What the checker needs to know of a frame."""

from collections.abc import Mapping
from typing import Any

from tests.faults.rights_records import Seen


def seen(frame: Mapping[str, Any], at: float, asked: Mapping[str, float]) -> Seen:
    """Return what a client saw that asked for streams, and to be let in (""), at these times."""
    kind, stream = frame["type"], frame.get("stream")
    match kind:
        case "event":
            return Seen(at, kind, stream, frame["at"] / 1000)
        case "welcome":
            return Seen(at, kind, None, asked[""])
        case "subscribed":
            return Seen(at, kind, stream, asked.get(stream, 0.0))
        case "unsubscribed":
            return Seen(at, frame["reason"], stream)
        case "error":
            return Seen(at, frame["code"], frame.get("ref"))
        case "bye":
            return Seen(at, f"bye {frame['code']}")
    return Seen(at, kind, stream)
