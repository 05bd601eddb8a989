"""WebSockets for Django Channels that are reliable in both directions."""

from realtime.events import apublish, publish

__all__ = ["apublish", "publish"]
