"""The examination from outside: one check after the other, the waiting beside them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from django.core.exceptions import ImproperlyConfigured

from realtime.doctor.address import Address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Id, Level, skipped, skipped_all
from realtime.doctor.outside.browser import SocketEnded, Visitor
from realtime.doctor.outside.conversation import (
    APART,
    exchange_on,
    greeting_of,
    largest_on,
    silence_for,
    with_way_back,
)
from realtime.doctor.outside.drain import end_and_watch
from realtime.doctor.outside.handshakes import answer_to, handshakes_of
from realtime.doctor.outside.http2 import ask_over_http2
from realtime.doctor.outside.module_files import fetch_modules
from realtime.doctor.outside.network import Way, tls_context, way_to
from realtime.doctor.rules.drain import judge_drain
from realtime.doctor.rules.frames import (
    Greeting,
    judge_anonymous,
    judge_buffering,
    judge_largest,
    judge_latency,
    judge_welcome,
)
from realtime.doctor.rules.handshake import (
    is_origin_refused,
    judge_compression,
    judge_foreign_origin,
    judge_handshake,
    judge_origin,
    judge_subprotocol,
)
from realtime.doctor.rules.idle import judge_silence
from realtime.doctor.rules.network import judge_http2

EXCHANGES = 3

FOREIGN_ORIGIN = "https://foreign.invalid"

CHECK_WITHIN = 10.0
"""Seconds of one check; the server lets a page sign in for 7."""

MORE_THAN_IDLE = 10.0
"""Seconds that the check of silence has beside the silence."""

DRAIN_WITHIN = 60.0

AFTER_HANDSHAKE: tuple[Id, ...] = ("subprotocol", "compression", "anonymous", "foreign-origin")
SIGNED_IN: tuple[Id, ...] = ("welcome", "latency", "buffering", "largest-frame")
NO_SOCKET = "There is no socket."
NO_COOKIE = "No cookie: give --user or --cookie."


@dataclass(frozen=True)
class Wanted:
    """What is to be examined from outside."""

    address: Address
    idle: float
    """Seconds of silence."""
    interval: float
    """Seconds between two heartbeats."""
    cookie: str | None = None
    me: str | None = None
    """The stream of the cookie's user, where it is known."""
    visitors_allowed: bool | None = None
    drain: int | None = None
    """The process to end with SIGTERM."""


async def examine_outside(wanted: Wanted) -> Findings:
    """Return all findings from outside."""
    ways: list[Way] = []

    async def find_way() -> Findings:
        ways.append(await way_to(wanted.address))
        return ways[0].findings

    findings = await bounded("tcp", find_way, CHECK_WITHIN)
    if not ways or ways[0].tcp is None:
        rest: tuple[Id, ...] = (
            "http2",
            "module-files",
            "handshake",
            "origin",
            *AFTER_HANDSHAKE,
            *SIGNED_IN,
            "idle",
            "drain",
        )
        return findings + skipped_all(rest, "There is no connection.")
    examination = _Examination(wanted, ways[0])
    return findings + await examination.run()


class _Examination:
    """The checks that need a connection."""

    def __init__(self, wanted: Wanted, way: Way) -> None:
        self._wanted = wanted
        self._tcp = way.tcp or 0.0
        self._offers_http2 = way.tls is not None and way.tls.alpn == "h2"
        self._trusting = way.tls is not None and bool(way.tls.distrust)
        tls = None
        if wanted.address.is_secure:
            tls = tls_context(trusting=self._trusting, alpn=["http/1.1"])
        # A certificate that isn't trusted may be a thief's: no cookie goes there.
        cookie = None if self._trusting else wanted.cookie
        self._visitor = Visitor(wanted.address, cookie, tls)

    async def run(self) -> Findings:
        findings = await bounded("http2", self._http2, CHECK_WITHIN)
        findings += await bounded("module-files", self._module_files, 2 * CHECK_WITHIN)
        opens, shaken = await self._handshakes()
        findings += shaken
        if not opens:
            rest: tuple[Id, ...] = (*AFTER_HANDSHAKE, *SIGNED_IN, "idle", "drain")
            return findings + skipped_all(rest, NO_SOCKET)
        silence = asyncio.create_task(
            bounded("idle", self._silence, self._wanted.idle + MORE_THAN_IDLE)
        )
        findings += await bounded("anonymous", self._anonymous, CHECK_WITHIN)
        findings += await bounded("foreign-origin", self._foreign_origin, CHECK_WITHIN)
        findings += await self._signed_in()
        findings += await silence
        return findings + await self._drain()

    async def _http2(self) -> Findings:
        if not self._offers_http2:
            return [judge_http2(None)]
        try:
            seen = await ask_over_http2(self._wanted.address, trusting=self._trusting)
        except ImportError:
            return [skipped("http2", "The package h2 is missing: channels-realtime[doctor].")]
        return [judge_http2(seen)]

    async def _module_files(self) -> Findings:
        address, trusting = self._wanted.address, self._trusting
        try:
            return await in_thread(lambda: fetch_modules(address, trusting=trusting))
        except (ValueError, ImproperlyConfigured):
            return [skipped("module-files", "The storage of static files can't name them.")]

    async def _handshakes(self) -> tuple[bool, Findings]:
        """Return whether a socket opens, be it without an origin."""
        opened: list[bool] = []

        async def check() -> Findings:
            seen = await handshakes_of(self._visitor)
            refused = is_origin_refused(seen)
            self._visitor = replace(self._visitor, names_origin=not refused)
            opened.append(seen.own.accepted or refused)
            if not opened[0]:
                return [judge_handshake(seen), skipped("origin", NO_SOCKET)]
            return [judge_handshake(seen), judge_origin(seen, self._wanted.address.origin)]

        findings = await bounded("handshake", check, CHECK_WITHIN)
        return any(opened), findings

    async def _anonymous(self) -> Findings:
        began = asyncio.get_running_loop().time()
        async with self._visitor.socket(with_cookie=False) as socket:
            findings = [
                judge_subprotocol(socket.protocol.subprotocol),
                judge_compression(socket.is_compressed),
            ]
            try:
                greeting = await greeting_of(socket, began)
            except SocketEnded as ended:
                greeting = Greeting({"type": "bye", "code": ended.end.code}, 0)
        return [*findings, judge_anonymous(greeting, self._wanted.visitors_allowed)]

    async def _foreign_origin(self) -> Findings:
        answer = await answer_to(self._visitor, FOREIGN_ORIGIN)
        return [judge_foreign_origin(answer, FOREIGN_ORIGIN)]

    async def _signed_in(self) -> Findings:
        if self._trusting and self._wanted.cookie:
            return skipped_all(SIGNED_IN, "No cookie goes to a certificate that isn't trusted.")
        if self._visitor.cookie is None and not self._wanted.visitors_allowed:
            return skipped_all(SIGNED_IN, NO_COOKIE)
        greetings: list[Greeting] = []

        async def welcome() -> Findings:
            greetings.append(await self._greeting())
            return [judge_welcome(greetings[0], self._wanted.me)]

        findings = await bounded("welcome", welcome, CHECK_WITHIN)
        if not greetings or not greetings[0].is_welcome:
            return findings + skipped_all(SIGNED_IN[1:], "Nobody is signed in.")
        findings += await bounded("buffering", self._exchange, CHECK_WITHIN)
        return findings + await bounded("largest-frame", self._largest, 2 * CHECK_WITHIN)

    async def _greeting(self) -> Greeting:
        began = asyncio.get_running_loop().time()
        async with self._visitor.socket() as socket:
            try:
                return await greeting_of(socket, began)
            except SocketEnded as ended:
                end = {"type": "bye", "code": ended.end.code, "reason": ended.end.signs}
                return Greeting(end, 0)

    async def _exchange(self) -> Findings:
        """Measure again where it looks bad: a machine that was busy for a moment is no finding."""
        for _ in range(EXCHANGES):
            async with self._visitor.socket() as socket:
                await greeting_of(socket, 0)
                exchange = await exchange_on(socket)
            findings = [judge_latency(exchange, self._tcp), judge_buffering(exchange, APART)]
            if all(each.level is Level.OK for each in findings):
                break
        return findings

    async def _largest(self) -> Findings:
        async with self._visitor.socket() as socket:
            wanted = (await greeting_of(socket, 0)).frame_bytes
            if wanted is None:
                return [skipped("largest-frame", "The server announces no limit.")]
            seen = await largest_on(socket, wanted)
        return [judge_largest(await with_way_back(self._visitor, seen))]

    async def _silence(self) -> Findings:
        # A socket of the doctor's needs no cookie; an ordinary one does.
        seen = await silence_for(self._visitor, self._wanted.idle)
        if seen is None:
            return [
                skipped(
                    "idle",
                    "The server keeps no silent socket for this SECRET_KEY; with --cookie an "
                    "ordinary one is silent until its first heartbeat.",
                )
            ]
        return [judge_silence(seen, self._wanted.interval)]

    async def _drain(self) -> Findings:
        pid = self._wanted.drain
        if pid is None:
            return [skipped("drain", "Nobody is to end: --drain PID ends a server, and watches.")]
        if self._visitor.cookie is None:
            return [skipped("drain", NO_COOKIE)]

        async def check() -> Findings:
            return [judge_drain(await end_and_watch(self._visitor, pid))]

        return await bounded("drain", check, DRAIN_WITHIN)
