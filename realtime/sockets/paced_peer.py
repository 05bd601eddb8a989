"""A socket that is sent no more than its peer takes, and no more than its user may have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime.counters import COMMANDS_DELAYED
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame
from realtime.protocol.proofs import Proofs
from realtime.protocol.rate import Rate
from realtime.sockets.asgi import Message, Send
from realtime.sockets.flow_control import FlowControl
from realtime.sockets.peer import Peer
from realtime.sockets.transport import ABORT_AFTER


class PacedPeer(Peer):
    """Holds events back while too much is in flight.

    ``budget`` has the bytes that may be read and answered, of all the user's sockets.
    """

    __slots__ = ("_flow", "_is_answered_for", "_on_proof", "budget", "proofs")

    def __init__(self, send: Send, *, is_answered_for: bool) -> None:
        super().__init__(send)
        self._is_answered_for = is_answered_for
        self._on_proof: Callable[[], None] | None = None
        self.proofs: Proofs | None = None
        """Where pongs are noted, if anybody wants to know later."""
        self.budget = Rate(self._settings.MAX_BYTES_PER_SECOND, now=self._loop.time())
        self._flow = FlowControl(self._settings.MAX_IN_FLIGHT_BYTES, self._loop)

    def send_text(self, text: str) -> None:
        """Send a frame of this socket's own; a peer that takes none of them is cut off."""
        if self._flow.is_overrun:
            self.too_slow()
        else:
            self._transport.send_text(text)
            self._flow.sent_own(len(text))
            self._spend(len(text))

    def call_on_proof(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` whenever a pong proves that the peer is there."""
        self._on_proof = callback

    def when_proved(self, then: Callable[[], None], *, soon: bool = False) -> None:
        """Call ``then`` when a pong proves that all that was sent so far has arrived.

        If it is wanted ``soon``, a ping goes out. Where something else answers for the client,
        nothing proves that.
        """
        if not self._is_answered_for:
            self._flow.when_proved(then, soon=soon)

    def drop_waiting(self, is_dropped: Callable[[str], bool]) -> None:
        """Drop frames that wait; what was sent before is then not proved by a pong any more."""
        found = False

        def noting(text: str) -> bool:
            nonlocal found
            found = (is_now := is_dropped(text)) or found
            return is_now

        super().drop_waiting(noting)
        if found:
            self._flow.expect_nothing()

    def deliver(self, message: Message, size: int) -> bool:
        """Send a frame of ``size`` bytes that other sockets may get too.

        Returns False, and has sent nothing, where too much is in flight already.
        """
        flow = self._flow
        if flow.is_full:
            return False
        self._transport.send(message)
        flow.sent(size)
        return True

    async def room(self) -> None:
        """Wait until at most half of what may be in flight is, or the socket has ended.

        A user who was sent too much waits for more, too.
        """
        await self._budget_again()
        await self._flow.room()

    async def pace(self) -> None:
        """Wait until the user may be answered more, and the peer has taken what it was sent."""
        await self._budget_again()
        if self._flow.is_full:
            await self._flow.room()

    async def _budget_again(self) -> None:
        if seconds := self.budget.wait(self._loop.time()):
            COMMANDS_DELAYED.add("bytes")
            await asyncio.sleep(seconds)

    def _spend(self, size: int) -> None:
        self.budget.spend(size, self._loop.time())

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out."""
        self._flow.pinged(nonce)

    def unsent(self) -> int | None:
        """Return the bytes that wait to leave this machine, None if that isn't known."""
        return self._transport.unsent()

    def too_slow(self) -> None:
        """Close: the peer takes too few of the frames that it is sent."""
        self.close(CloseCode.TOO_SLOW, abort_after=ABORT_AFTER)

    def _take_heartbeat(self, frame: Frame) -> bool:
        now = self._loop.time()  # Before the latency is: no ping may seem to be later than it was.
        if is_proof := super()._take_heartbeat(frame):
            has_news = self._flow.proved(frame["nonce"])
            if self.proofs is not None and not self._is_answered_for:
                self.proofs.add(now - (self.latency or 0.0), now, is_of_use=has_news)
            if self._on_proof is not None:
                self._on_proof()
        return is_proof

    def _stop(self) -> None:
        super()._stop()
        self._flow.stop()
