"""WebSockets for Django Channels that are reliable in both directions."""

try:
    from realtime.events import aposition, apublish, position, publish
    from realtime.rights import adisconnect, areauthorize, disconnect, reauthorize
except ImportError as error:
    from realtime.installation import problem

    if (sentence := problem()) is None:
        raise
    raise ImportError(sentence) from error

__all__ = [
    "adisconnect",
    "aposition",
    "apublish",
    "areauthorize",
    "disconnect",
    "position",
    "publish",
    "reauthorize",
]
