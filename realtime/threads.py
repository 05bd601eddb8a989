"""Small thread pools for realtime's own sync work.

Channels runs all sync code of a process on one thread, where one consumer that sleeps delays
another user's handshake (7.8 s measured, and Daphne gives up at 5 s). So messages for the
application, which may take their time, have threads of their own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, reset_queries

_ours = ThreadPoolExecutor(max_workers=4, thread_name_prefix="realtime")
_application = ThreadPoolExecutor(max_workers=4, thread_name_prefix="realtime-receive")


async def call(function: Callable[..., Any], *args: Any) -> Any:
    """Await an async ``function``, or run a sync one in a thread; returns what it returns."""
    return await _call(_ours, function, args)


async def call_application(function: Callable[..., Any], *args: Any) -> Any:
    """Do what ``call`` does for a function that may sleep, without making others wait."""
    return await _call(_application, function, args)


async def _call(pool: ThreadPoolExecutor, function: Callable[..., Any], args: Any) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    result = await asyncio.get_running_loop().run_in_executor(pool, _run, function, args)
    # An async function behind a plain decorator looks like a sync one.
    return await result if inspect.isawaitable(result) else result


def _run(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    reset_queries()  # With DEBUG, a connection remembers its last 9,000.
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()
