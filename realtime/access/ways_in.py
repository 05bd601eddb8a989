"""The ways in: by a middleware or session, by the project's function, by a ticket, as a visitor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from realtime.access import tickets
from realtime.access.addresses import address_of
from realtime.access.authentication import sign_in
from realtime.access.first_frame import FirstFrame, announces_ticket, ticket_among
from realtime.access.hook import ask_project
from realtime.access.login import Login
from realtime.concurrency.threads import run_sign_in
from realtime.conf import realtime_settings
from realtime.exceptions import TicketExpired
from realtime.protocol.reading import is_ticket
from realtime.sockets.asgi import Scope


async def find_login(scope: Scope, first_frame: FirstFrame) -> Login | None:
    """Return whose socket it is, or None for a visitor where the site takes none.

    A ticket that comes in time counts before all else, since the client has chosen it. Raises
    ``TicketExpired`` for one that was good once, and what the stores and the project's function
    raise.
    """
    login, ticket = await _by_handshake(scope, first_frame)
    first_frame.close()
    if ticket is not None:
        login = await _by_ticket(scope, ticket)
    elif login is None and realtime_settings().ANONYMOUS:
        login = _visitor(scope)
    if login is not None and login.expires is not None and login.expires <= time.time():
        raise TicketExpired("The sign-in has come to its end.")
    return login


async def _by_handshake(scope: Scope, first_frame: FirstFrame) -> tuple[Login | None, str | None]:
    """Return a login, or else a ticket, if there is one."""
    offered: Sequence[str] = scope.get("subprotocols") or ()
    if (ticket := ticket_among(offered)) is not None:
        return None, ticket
    if announces_ticket(offered):
        return None, await first_frame.wait()
    login = await sign_in(scope) or await ask_project(scope, None)
    return login, first_frame.ticket if login is not None else await first_frame.wait()


async def _by_ticket(scope: Scope, text: str) -> Login | None:
    if not is_ticket(text):
        return None
    ticket = tickets.read(text)
    if ticket is None:
        return await ask_project(scope, text)
    asked_at, address = asyncio.get_running_loop().time(), address_of(scope)
    login: Login | None = await run_sign_in(address, tickets.redeem, ticket, time.time())
    if login is not None:
        login.verified_at = asked_at
    return login


def _visitor(scope: Scope) -> Login:
    from django.contrib.auth.models import AnonymousUser  # Only where auth is installed.

    return Login(AnonymousUser(), address=address_of(scope))
