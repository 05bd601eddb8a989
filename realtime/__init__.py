"""WebSockets for Django Channels that are reliable in both directions."""

from realtime.events import aposition, apublish, position, publish

__all__ = ["aposition", "apublish", "position", "publish"]
