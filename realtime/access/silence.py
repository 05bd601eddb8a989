"""A socket that says nothing: by it ``realtime_doctor`` finds out how long a way allows silence.

Only a program that has the site's ``SECRET_KEY`` gets one, since nobody notices when its peer is
gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from django.core.signing import BadSignature, TimestampSigner

from realtime.sockets.asgi import Receive, Send

SILENCE_PROTOCOL = "realtime.silence"
"""How the subprotocol begins that is offered and selected for it; a signature follows."""

VALID_FOR = 60
"""Seconds within which an offer has to be used, clocks that differ included."""

MAX_SILENCE = 900.0
"""Seconds after which the socket is closed: the longest timeouts of load balancers are below."""


MAX_SOCKETS = 50
"""Silent sockets of one process; the doctor has a dozen open at a time."""

_open: set[object] = set()
"""The silent sockets of this process."""


def silence_offer() -> str:
    """Return the subprotocol to offer in the next minute."""
    return _signer().sign(SILENCE_PROTOCOL)


def silence_among(subprotocols: Sequence[str]) -> str | None:
    """Return the valid offer among the subprotocols of a handshake, None where there is none."""
    start = f"{SILENCE_PROTOCOL}."
    offer = next((name for name in subprotocols if name.startswith(start)), None)
    if offer is None:
        return None
    try:
        _signer().unsign(offer, max_age=VALID_FOR)
    except BadSignature:
        return None
    return offer


async def keep_silent(receive: Receive, send: Send, offer: str) -> None:
    """Say nothing until the peer sends a text, and then say that; ``MAX_SILENCE`` s at most.

    One socket too many is refused: an offer may stand in the log of a proxy.
    """
    if len(_open) >= MAX_SOCKETS:
        await send({"type": "websocket.close"})
        return
    _open.add(me := object())
    try:
        await _keep_silent(receive, send, offer)
    finally:
        _open.remove(me)


async def _keep_silent(receive: Receive, send: Send, offer: str) -> None:
    with contextlib.suppress(OSError):  # The peer has left.
        await send({"type": "websocket.accept", "subprotocol": offer})
        try:
            async with asyncio.timeout(MAX_SILENCE):
                while (message := await receive())["type"] != "websocket.disconnect":
                    await send({"type": "websocket.send", "text": message.get("text") or ""})
        except TimeoutError:
            await send({"type": "websocket.close"})


def _signer() -> TimestampSigner:
    return TimestampSigner(sep=".", salt=SILENCE_PROTOCOL)
