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


def headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers of the handshake: ASGI lets a server's own be read once only, or lack."""
    scope["headers"] = [(bytes(name), bytes(value)) for name, value in scope.get("headers", ())]
    return scope["headers"]  # type: ignore[no-any-return]


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of the handshake, None if it was not sent."""
    return next((value.decode("latin1") for key, value in headers(scope) if key == name), None)
