"""A small thread pool for realtime's own sync work.

Channels runs all sync code of a process on one thread, where one consumer that sleeps delays
another user's handshake (7.8 s measured, and Daphne gives up at 5 s).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, reset_queries

_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="realtime")


async def call(function: Callable[..., Any], *args: Any) -> Any:
    """Await an async ``function``, or run a sync one in the pool; returns what it returns."""
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    return await asyncio.get_running_loop().run_in_executor(_pool, _run, function, args)


def _run(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    reset_queries()  # With DEBUG, a connection remembers its last 9,000.
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()
