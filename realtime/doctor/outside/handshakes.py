"""Tries how the server answers a handshake: with a page's origin, without one, and plain HTTP."""

from __future__ import annotations

import asyncio
import http.client

from realtime.doctor.outside.browser import RefusedHandshake, Visitor
from realtime.doctor.rules.handshake import Answer, Handshakes


async def handshakes_of(visitor: Visitor) -> Handshakes:
    """Return how a page's handshake is answered; where it is refused, also what else is."""
    own = await answer_to(visitor)
    if own.accepted:
        return Handshakes(own)
    without = await answer_to(visitor, origin=None)
    return Handshakes(own, without, await asyncio.to_thread(_plain_status, visitor))


async def answer_to(visitor: Visitor, origin: str | None = "") -> Answer:
    """Return the answer to a handshake without a cookie; for ``origin`` see ``Visitor.socket``."""
    try:
        async with visitor.socket(origin=origin, with_cookie=False) as socket:
            return socket.answer
    except RefusedHandshake as refused:
        return refused.answer


def _plain_status(visitor: Visitor) -> int | None:
    address = visitor.address
    connection: http.client.HTTPConnection
    if visitor.tls is None:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=5)
    else:
        connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=5, context=visitor.tls
        )
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
