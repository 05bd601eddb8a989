"""The steps from a page to its first event, taken one after the other with a running server."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from realtime.conf import realtime_settings
from realtime.doctor.address import Address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Id, Level, skipped, skipped_all
from realtime.doctor.inside.sign_in import SignedIn
from realtime.doctor.outside.plain_socket import HandshakeRefused, PlainSocket, plain_socket
from realtime.doctor.rules.frames import Greeting, judge_welcome
from realtime.doctor.rules.live import (
    judge_event_log,
    judge_failure,
    judge_heartbeat,
    judge_route,
    judge_server,
    judge_shared_layer,
)
from realtime.eventlog import event_log
from realtime.events import position, publish
from realtime.streams import Stream, register, sign_stream

WITHIN = 8.0
"""Seconds for one step: a page gives an attempt up after as many."""

EVENT_WITHIN = 3.0
"""Seconds for an event."""

STREAM = "realtime-check.live"
"""The server knows no class for it; a signed name will do. All examinations have the same."""

STEPS: tuple[Id, ...] = ("handshake", "welcome", "latency", "event-log", "layer")


async def examine_live(address: Address, signed_in: SignedIn | None) -> Findings:
    """Return how far a page of ``signed_in`` comes; for None, whether a socket opens."""
    async with contextlib.AsyncExitStack() as stack:
        opened: list[PlainSocket] = []

        async def open_socket() -> Findings:
            cookie = None if signed_in is None else signed_in.cookie
            try:
                socket = await stack.enter_async_context(plain_socket(address, cookie))
            except HandshakeRefused as refused:
                answer = refused.answer
            except OSError as reason:
                # asyncio puts the address in place of the error's own words.
                errno = reason.errno if isinstance(reason, ConnectionError) else None
                why = str(reason) if errno is None else os.strerror(errno)
                return [judge_server(address.origin, why)]
            else:
                opened.append(socket)
                answer = socket.answer
            return [
                judge_server(address.origin),
                judge_route(answer, address.origin, address.path),
            ]

        findings = await bounded("tcp", open_socket, WITHIN)
        rest = STEPS[len(findings) - 1 :]
        if not opened:
            return findings + skipped_all(rest, "There is no socket.")
        if signed_in is None:
            return findings + skipped_all(rest, "There is no user: manage.py createsuperuser.")
        findings += await _step("welcome", partial(_welcome, opened[0], signed_in.me))
        if findings[-1].level is Level.ERROR:
            return findings + skipped_all(STEPS[2:], "Nobody is signed in.")
        findings += await _step("latency", partial(_heartbeat, opened[0]))
        register(STREAM.partition(".")[0], Stream)  # Otherwise publish() warns of it.
        findings += await _step("event-log", partial(_event_log, opened[0]))
        return findings + await _step("layer", partial(_layer, opened[0]))


async def _step(id: Id, step: Callable[[], Awaitable[Findings]]) -> Findings:
    """Take a step within its time; one that fails is an error, as it is for a page."""

    async def take() -> Findings:
        try:
            return await step()
        except Exception as reason:
            return [judge_failure(id, f"{type(reason).__name__}: {reason}")]

    return await bounded(id, take, WITHIN)


async def _welcome(socket: PlainSocket, me: str) -> Findings:
    clock = asyncio.get_running_loop().time
    began = clock()
    socket.send({"type": "ping", "nonce": "first"})  # Otherwise the server waits for a ticket.
    frame = await socket.frame("welcome", "bye")
    return [judge_welcome(Greeting(frame, clock() - began), me)]


async def _heartbeat(socket: PlainSocket) -> Findings:
    clock = asyncio.get_running_loop().time
    sent = clock()
    socket.send({"type": "ping", "nonce": "second"})
    while (await socket.frame("pong"))["nonce"] != "second":
        pass
    return [judge_heartbeat(clock() - sent)]


async def _event_log(socket: PlainSocket) -> Findings:
    """See whether the server replays an event that it had no part in."""
    signed = sign_stream(STREAM, seconds=60)
    subscribe: dict[str, Any] = {"type": "subscribe", "ref": 1, "stream": signed}
    if event_log() is None:
        socket.send(subscribe)
        await socket.frame("subscribed")
        return [skipped("event-log", "REALTIME['EVENT_LOG'] is None.")]
    before = await in_thread(partial(position, STREAM))
    event = await in_thread(partial(publish, STREAM, "check"))
    socket.send({**subscribe, "after": before._asdict()})
    answer = await socket.frame("subscribed", "error")
    if answer["type"] == "error":
        return [judge_event_log(f"{answer['code']}, {answer['message']}")]
    if not answer["recovered"]:
        return [judge_event_log("its log is another one")]
    came = await _seconds_until(socket, event)
    return [judge_event_log(None if came is not None else "its log has no such event")]


async def _layer(socket: PlainSocket) -> Findings:
    """See whether an event comes that is in no log."""
    in_memory = isinstance(get_channel_layer(), InMemoryChannelLayer)
    seconds = None
    if not in_memory:
        event = await in_thread(partial(publish, STREAM, "check", ephemeral=True))
        seconds = await _seconds_until(socket, event)
    return [judge_shared_layer(in_memory, seconds, realtime_settings().POSITION_CHECK)]


async def _seconds_until(socket: PlainSocket, event: str) -> float | None:
    """Return how long it took until an event came, None if it did not; others may come too."""
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        async with asyncio.timeout(EVENT_WITHIN):
            while (await socket.frame("event"))["id"] != event:
                pass
    except TimeoutError:
        return None
    return clock() - began
