"""The first frame of a client, which may have a ticket; and what its handshake says of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from realtime.exceptions import FrameError
from realtime.protocol import reading
from realtime.protocol.frames import AUTHENTICATE, TICKET_PROTOCOL
from realtime.protocol.reading import MAX_TICKET

FIRST_FRAME_TIMEOUT = 3.0
"""Seconds that a visitor has for a ticket: a round trip, and a retransmission."""

SMALL = MAX_TICKET + 256
"""Characters of a frame that may have a ticket; a larger one isn't parsed here."""


def announces_ticket(subprotocols: Sequence[str]) -> bool:
    """Tell whether a client says in its handshake that its first frame has a ticket."""
    return TICKET_PROTOCOL in subprotocols


def ticket_among(subprotocols: Sequence[str]) -> str | None:
    """Return the ticket that a client has offered as a subprotocol, None where it has not."""
    start = f"{TICKET_PROTOCOL}."
    return next((name[len(start) :] for name in subprotocols if name.startswith(start)), None)


class FirstFrame:
    """Takes the first frame of a socket for its sign-in, which may wait for it."""

    __slots__ = ("_ticket",)

    def __init__(self) -> None:
        self._ticket: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def take(self, text: str | None) -> bool:
        """Note the first frame of the client; returns whether it had a ticket, and is done with.

        After ``close`` it is a frame as any other.
        """
        if self._ticket.done():
            return False
        ticket = _ticket_in(text)
        self._ticket.set_result(ticket)
        return ticket is not None

    @property
    def ticket(self) -> str | None:
        """The ticket, if it has come."""
        return self._ticket.result() if self._ticket.done() else None

    async def wait(self) -> str | None:
        """Return the ticket as soon as it comes, or None: another frame came, or none in time."""
        await asyncio.wait({self._ticket}, timeout=FIRST_FRAME_TIMEOUT)
        return self.ticket

    def close(self) -> None:
        """Take no ticket any more: it is known whose socket this is."""
        if not self._ticket.done():
            self._ticket.set_result(None)


def _ticket_in(text: str | None) -> str | None:
    if text is None or len(text) > SMALL or AUTHENTICATE not in text:
        return None
    try:
        frame = reading.decode(text, SMALL)
    except FrameError:
        return None  # The commands refuse it, with a reason.
    return frame["ticket"] if frame["type"] == AUTHENTICATE else None
