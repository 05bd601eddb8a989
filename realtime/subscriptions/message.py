"""A message to a stream: by the user as of when it begins, and not after the end of the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from realtime.access.current_user import current_user
from realtime.access.login import FRESH, Login
from realtime.concurrency.threads import run_message
from realtime.conf import realtime_settings
from realtime.correlation import acting_as
from realtime.exceptions import Outdated, SignedOut
from realtime.streams import Stream


async def carry_out(login: Login, followed: Callable[[], Stream], name: str, data: Any) -> Any:
    """Have the stream that ``followed`` returns receive a message; returns the reply.

    ``followed`` raises where the socket does not follow it any more; it is also called in the
    thread, immediately before ``receive``. Raises ``TimeoutError``, and has done nothing, if the
    message could not begin within ``COMMAND_TIMEOUT``; raises what ``receive`` raises.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + realtime_settings().COMMAND_TIMEOUT
    while True:
        asked_at = loop.time()
        async with asyncio.timeout_at(deadline):
            user = await current_user(login)
        stream, known_at = followed(), loop.time()

        def may_begin(asked_at: float = asked_at, known_at: float = known_at) -> None:
            if login.has_ended:
                raise SignedOut(login.me)
            followed()
            if login.doubted_at > asked_at or loop.time() > known_at + FRESH:
                raise Outdated

        try:
            message = stream.receive, user, name, data
            with acting_as("socket", stream.socket or "", login.me or ""):
                return await run_message(login.account, deadline - known_at, may_begin, *message)
        except Outdated:
            continue
