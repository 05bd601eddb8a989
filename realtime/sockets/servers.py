"""What differs between ASGI servers: which ``send`` is their own, and what aborts a connection."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

from realtime.sockets.asgi import Send

FORWARDING = ("channels", "realtime")
"""The packages whose middlewares only forward what a WebSocket sends."""


def server_send(send: Send) -> Send:
    """Return the server's own ``send`` from below Channels' session middleware, and below ours.

    They only forward what a WebSocket sends, at 2.7 microseconds a frame. Another middleware may
    do more, so it is not skipped.
    """
    owner = getattr(send, "__self__", None)
    wrapped: Send | None = getattr(owner, "real_send", None)
    if wrapped is None or type(owner).__module__.partition(".")[0] not in FORWARDING:
        return send
    return server_send(wrapped)


def is_departure(error: Exception) -> bool:
    """Tell whether a server could not send because the peer has left.

    ASGI has an ``OSError`` for that; Daphne lets Autobahn's ``Disconnected`` through.
    """
    return isinstance(error, OSError) or type(error).__name__ == "Disconnected"


def find_abort(send: Any, depth: int = 8) -> Callable[[], Any] | None:
    """Return what aborts the connection behind ``send``, or None on an unknown server.

    The ``send`` of Uvicorn and Gunicorn is a method of their protocol, which has the transport;
    Daphne's is a partial that holds its protocol. Hypercorn's is a method of a stream that sends
    through others, up to the one that has a writer. A middleware's own ``send`` is looked through;
    ``depth`` is how many of all these.
    """
    held = send.args[:1] if isinstance(send, functools.partial) else ()
    owner = held[0] if held else getattr(send, "__self__", None)
    for holder in (owner, getattr(owner, "writer", None)):
        transport = getattr(holder, "transport", None)
        for name in ("abort", "abortConnection"):
            if callable(abort := getattr(transport, name, None)):
                return abort  # type: ignore[no-any-return]
    if not depth or hasattr(owner, "streams"):  # HTTP/2: others share the connection.
        return None
    inner = (find_abort(behind, depth - 1) for behind in _behind(send, owner))
    return next((abort for abort in inner if abort is not None), None)


def leaves_sends_waiting(abort: Callable[[], Any]) -> bool:
    """Tell whether a ``send`` that waits goes on to wait after ``abort``."""
    protocol = getattr(getattr(abort, "__self__", None), "get_protocol", lambda: None)()
    return type(protocol).__module__.partition(".")[0] == "gunicorn"


def _behind(send: Any, owner: Any) -> Iterator[Any]:
    """Yield what ``send`` may call: what its owner sends with, and what its closure holds."""
    for cell in getattr(send, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # A name that is not bound yet.
            if callable(cell.cell_contents):
                yield cell.cell_contents
    if isinstance(send, types.MethodType) and getattr(owner, "send", send) != send:
        yield owner.send
