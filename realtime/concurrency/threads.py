"""Threads for realtime's own sync work, and for that of applications.

Channels runs all sync code of a process on one thread, where one consumer that sleeps delays
another user's handshake (7.8 s measured, and Daphne gives up at 5 s). Here each kind of work has a
pool of its own, so that one that is slow delays no other.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Any, TypeVar

from realtime.concurrency.connections import run_async
from realtime.concurrency.pool import Pool
from realtime.counters import CALLS_WAITING, THREADS_BUSY

Function = TypeVar("Function", bound=Callable[..., Any])


def nonblocking(function: Function) -> Function:
    """Mark a sync function that waits for nothing: it needs no thread."""
    function.nonblocking = function  # type: ignore[attr-defined]
    return function


def _is_nonblocking(function: Any) -> bool:
    """A decorator copies the mark to its wrapper, which may wait."""
    return getattr(function, "nonblocking", None) is getattr(function, "__func__", function)


async def run_sync(function: Callable[..., Any], *args: Any) -> Any:
    """Run a function of the event log: a sync one in a thread; returns what it returns."""
    return await _run(_log_pool.run, None, function, args)


async def run_record(function: Callable[..., Any], *args: Any) -> Any:
    """Run a function that keeps what has become of sockets; returns what it returns.

    Where its store hangs, nobody who reads the log waits.
    """
    return await _run(_record_pool.run, None, function, args)


async def run_sign_in(client: Hashable, function: Callable[..., Any], *args: Any) -> Any:
    """Run a function that finds out who ``client`` is, an address; returns what it returns."""
    return await _run(_sign_in_pool.run, client, function, args)


async def run_application(user: Hashable, function: Callable[..., Any], *args: Any) -> Any:
    """Run an application's function that ``user`` waits for; returns what it returns."""
    return await _run(_application_pool.run, user, function, args)


async def run_check(user: Hashable, function: Callable[..., Any], *args: Any) -> Any:
    """Run an application's function that says whether ``user`` has a right still.

    What the user's own sockets ask for meanwhile does not delay the end of the right.
    """
    return await _run(_check_pool.run, user, function, args)


async def run_message(
    user: Hashable,
    begin_within: float,
    may_begin: Callable[[], None],
    function: Callable[..., Any],
    *args: Any,
) -> Any:
    """Run an application's function that takes a message of ``user``; returns what it returns.

    It may take any time once it has begun, and makes nobody wait who subscribes. Raises
    ``TimeoutError``, and has done nothing, if no thread was free for ``begin_within`` seconds.
    ``may_begin`` is called immediately before, in the same thread, and raises what forbids it.
    """
    run = partial(_message_pool.run, begin_within=begin_within)
    return await _run(run, user, _preceded(may_begin, function), args)


async def run_hook(user: Hashable, function: Callable[..., Any], *args: Any) -> Any:
    """Run an application's function that nobody waits for; returns what it returns.

    When thousands of sockets end together, it delays nobody who subscribes.
    """
    return await _run(_hook_pool.run, user, function, args)


def _preceded(first: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the same kind that calls ``first`` before ``function``."""
    if inspect.iscoroutinefunction(function):

        async def both_async(*args: Any) -> Any:
            first()
            return await function(*args)

        return both_async

    def both(*args: Any) -> Any:
        first()
        return function(*args)

    return nonblocking(both) if _is_nonblocking(function) else both


async def _run(
    run_in_thread: Callable[..., Awaitable[Any]],
    user: Hashable,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> Any:
    if _is_nonblocking(function):
        return function(*args)
    if inspect.iscoroutinefunction(function):
        return await run_async(function(*args))
    result = await run_in_thread(user, function, args)
    # An async function behind a plain decorator looks like a sync one.
    return await run_async(result) if inspect.isawaitable(result) else result


_log_pool = Pool("realtime-log")
_record_pool = Pool("realtime-record")
_sign_in_pool = Pool("realtime-sign-in")
_application_pool = Pool("realtime-application")
_message_pool = Pool("realtime-message")
_hook_pool = Pool("realtime-hook")
_check_pool = Pool("realtime-check")

_POOLS = (
    *(_log_pool, _record_pool, _sign_in_pool),
    *(_application_pool, _message_pool, _hook_pool, _check_pool),
)

THREADS_BUSY.read_from(lambda: {pool.name: pool.busy for pool in _POOLS})
CALLS_WAITING.read_from(lambda: {pool.name: pool.waiting for pool in _POOLS})
