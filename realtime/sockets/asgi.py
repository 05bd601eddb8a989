"""The types of an ASGI application, and what its scope says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of the handshake, None if it was not sent."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin1")
    return None
