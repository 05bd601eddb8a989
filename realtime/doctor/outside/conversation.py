"""Measures on open sockets: the greeting, round trips, the largest frame, silence."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from realtime.access.silence import silence_offer
from realtime.doctor.outside.browser import Socket, SocketEnded, Visitor
from realtime.doctor.rules.frames import Exchange, Greeting, Largest
from realtime.doctor.rules.idle import Silence
from realtime.protocol.frames import SUBPROTOCOL, encode

PINGS = 10
APART = 0.05
"""Seconds between two pings: far below the rate that the server allows."""

PONG_WITHIN = 2.0
"""Seconds for the last pong."""

SIZES = (1024, 4096, 16 * 1024, 32 * 1024)
"""Bytes of frames that are tried before the largest."""

FRAME_WITHIN = 3.0
"""Seconds for the answer to a large frame."""

NONCE = "doctor-"
ECHO = "still there?"


async def greeting_of(socket: Socket, began: float) -> Greeting:
    """Return ``welcome`` or ``bye``; raises ``SocketEnded``.

    A client without a ticket begins with a ping, so that the server doesn't wait for one.
    """
    await socket.send({"type": "ping", "nonce": "first"})
    arrival = await socket.frame("welcome", "bye")
    return Greeting(arrival.message, arrival.at - began)


async def exchange_on(socket: Socket) -> Exchange:
    """Send pings at even intervals, and note when each pong comes."""
    clock = asyncio.get_running_loop().time
    sent: list[float] = []
    received: dict[str, float] = {}

    async def read() -> None:
        while len(received) < PINGS:
            arrival = await socket.frame("pong")
            if arrival.message["nonce"].startswith(NONCE):
                received[arrival.message["nonce"]] = arrival.at

    reading = asyncio.create_task(read())
    for number in range(PINGS):
        sent.append(clock())
        await socket.send({"type": "ping", "nonce": f"{NONCE}{number}"})
        await asyncio.sleep(APART)
    await asyncio.wait({reading}, timeout=PONG_WITHIN)
    reading.cancel()
    return Exchange(sent, [received.get(f"{NONCE}{number}") for number in range(PINGS)])


async def largest_on(socket: Socket, limit: int) -> Largest:
    """Send larger and larger frames up to ``limit`` bytes, until one is not answered."""
    largest = 0
    for size in (*(each for each in SIZES if each < limit), limit):
        try:
            async with asyncio.timeout(FRAME_WITHIN):
                await socket.send(_frame_of(size))
                await socket.frame("error")
        except TimeoutError:
            return Largest(largest, limit, f"no answer in {FRAME_WITHIN:g} s")
        except SocketEnded as reason:
            return Largest(largest, limit, reason.end.signs)
        largest = size
    return Largest(largest, limit)


async def with_way_back(visitor: Visitor, seen: Largest) -> Largest:
    """Have a frame of that size come back, where the server keeps a silent socket, which can."""
    offer, clock = silence_offer(), asyncio.get_running_loop().time
    async with visitor.socket(subprotocols=(offer, SUBPROTOCOL)) as socket:
        if socket.protocol.subprotocol != offer:
            return seen
        began = clock()
        try:
            async with asyncio.timeout(FRAME_WITHIN):
                await socket.send("x" * seen.wanted)
                return replace(seen, back=(await socket.arrival()).at - began)
        except TimeoutError:
            return replace(seen, lost=f"no answer in {FRAME_WITHIN:g} s")
        except SocketEnded as reason:
            return replace(seen, lost=reason.end.signs)


async def silence_for(visitor: Visitor, seconds: float) -> Silence | None:
    """Keep silent for some seconds; None where no connection would be silent.

    A server with another ``SECRET_KEY`` gives an ordinary socket, which is silent until the first
    heartbeat.
    """
    offer = silence_offer()
    clock = asyncio.get_running_loop().time
    async with visitor.socket(subprotocols=(offer, SUBPROTOCOL)) as socket:
        natural = socket.protocol.subprotocol != offer
        if natural and not (await greeting_of(socket, clock())).is_welcome:
            return None
        began, waited = clock(), seconds
        try:
            async with asyncio.timeout(seconds):
                waited = round((await socket.arrival()).at - began, 1)
        except TimeoutError:
            pass
        except SocketEnded as reason:
            return Silence(seconds, reason.end, False, socket.pings, natural)
        return Silence(waited, None, await _answers(socket, natural), socket.pings, natural)


async def _answers(socket: Socket, natural: bool) -> bool:
    try:
        async with asyncio.timeout(FRAME_WITHIN):
            if natural:
                await socket.send({"type": "ping", "nonce": ECHO})
                await socket.frame("pong")
            else:
                await socket.send(ECHO)
                await socket.arrival()
    except (TimeoutError, SocketEnded):
        return False
    return True


def _frame_of(size: int) -> str:
    """Return a frame of a type that nobody knows, which the server answers with an error."""
    bare = encode({"type": "doctor", "padding": ""})
    return encode({"type": "doctor", "padding": "x" * (size - len(bare))})
