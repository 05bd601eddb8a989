"""WebSockets for Django Channels that are reliable in both directions."""

try:
    from realtime.attendance import (
        ais_online,
        apresence,
        aupdate_presence,
        is_online,
        presence,
        update_presence,
    )
    from realtime.events import aposition, apublish, position, publish
    from realtime.locks import alock, alock_holder, aunlock, lock, lock_holder, unlock
except ImportError as error:
    from realtime.installation import problem

    if (sentence := problem()) is None:
        raise
    raise ImportError(sentence) from error

__all__ = [
    "ais_online",
    "alock",
    "alock_holder",
    "aposition",
    "apresence",
    "apublish",
    "aunlock",
    "aupdate_presence",
    "is_online",
    "lock",
    "lock_holder",
    "position",
    "presence",
    "publish",
    "unlock",
    "update_presence",
]
