"""What is asked again where the answer was lost with the connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

CONNECTION_ERRORS = redis.ConnectionError, redis.TimeoutError
"""After these an append may have been done, and its answer lost."""


def twice(ask: Callable[[], Any]) -> Any:
    """Ask again where the connection had ended since it was last used."""
    try:
        return ask()
    except redis.ConnectionError:
        return ask()
