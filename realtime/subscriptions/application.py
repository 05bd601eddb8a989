"""Asks a project's stream class something, about the user as the database has it now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from realtime.access.current_user import current_user
from realtime.access.login import Login
from realtime.concurrency.threads import run_application

JSON_DEFAULT = DjangoJSONEncoder().default
"""Applications may return what ``publish`` takes: dates, decimals and the like."""


async def ask(
    login: Login, method: Callable[..., Any], *arguments: Any, deadline: float | None
) -> Any:
    """Return what a method says of the user of ``login`` and the ``arguments``.

    Raises what it raises, ``SignedOut`` where the user is gone, and ``TimeoutError`` at
    ``deadline`` of the loop's clock.
    """
    async with asyncio.timeout_at(deadline):
        user = await current_user(login)
        return await run_application(login.account, method, user, *arguments)
