"""Wait in a test until something has happened, and fail with a sentence when it has not."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
NAP = 0.02  # seconds


def wait_until(predicate: Callable[[], Result], timeout: float, reason: str) -> Result:
    """Return the first true result of `predicate`; after `timeout` seconds fail with `reason`."""
    deadline = time.monotonic() + timeout
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {reason}")
        time.sleep(NAP)
    return result


async def until(
    predicate: Callable[[], Result],
    timeout: float,  # noqa: ASYNC109
    reason: str,
) -> Result:
    """Do the same with the event loop running meanwhile, so that open sockets are served."""
    deadline = time.monotonic() + timeout
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {reason}")
        await asyncio.sleep(NAP)
    return result
