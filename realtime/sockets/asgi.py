"""The types of an ASGI application, and what its scope says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


NO_STATUS_RECEIVED = 1005
"""What ASGI takes for the code of a ``websocket.disconnect`` that has none."""

ABNORMAL_CLOSURE = 1006
"""RFC 6455, section 7.4.1: the connection ended without a close frame."""


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of the handshake, None if it was not sent."""
    headers = scope.get("headers", ())
    if not isinstance(headers, (list, tuple)):
        headers = scope["headers"] = list(headers)  # ASGI lets it be read once only.
    for key, value in headers:
        if bytes(key) == name:
            return bytes(value).decode("latin1")
    return None
