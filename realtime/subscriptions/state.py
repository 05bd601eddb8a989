"""How far a subscription has come."""

from enum import StrEnum


class State(StrEnum):
    """How far a subscription has come."""

    STARTING = "starting"
    """The client has no answer yet."""
    REPLAYING = "replaying"
    """The client misses events, which a task reads from the log."""
    REBUILDING = "rebuilding"
    """The client's position is lost; a task sends it a reset."""
    LIVE = "live"
    """The feed hands over what comes."""
    ENDED = "ended"


LIVE = State.LIVE
"""Read for every delivery: on Python 3.11 an attribute of an enum costs 0.1 microseconds."""
