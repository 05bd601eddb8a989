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
    from realtime.connections import aopen_sockets, open_sockets
    from realtime.events import aposition, apublish, position, publish
    from realtime.locks import alock, alock_holder, aunlock, lock, lock_holder, unlock
    from realtime.publications import Publication, apublish_many, publish_many
    from realtime.receipts.asking import areceipt, receipt
    from realtime.rights import adisconnect, areauthorize, disconnect, reauthorize
except ImportError as error:
    from realtime.installation import problem

    if (sentence := problem()) is None:
        raise
    raise ImportError(sentence) from error

__all__ = [
    "Publication",
    "adisconnect",
    "ais_online",
    "alock",
    "alock_holder",
    "aopen_sockets",
    "aposition",
    "apresence",
    "apublish",
    "apublish_many",
    "areauthorize",
    "areceipt",
    "aunlock",
    "aupdate_presence",
    "disconnect",
    "is_online",
    "lock",
    "lock_holder",
    "open_sockets",
    "position",
    "presence",
    "publish",
    "publish_many",
    "reauthorize",
    "receipt",
    "unlock",
    "update_presence",
]
