"""A WebSocket to an ASGI application in the same process: what a server and a network would do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from realtime.sockets.asgi import Application, Message, Scope

HOST = "testserver"
"""The host of Django's test client, which test runners add to ``ALLOWED_HOSTS``."""

ABNORMAL = 1006
"""What a browser reports when a handshake was refused or a server broke off (RFC 6455, 7.4.1)."""

Found = TypeVar("Found")


class ApplicationSocket:
    """Runs ``application`` on one socket and hands each frame that it sends to ``on_frame``.

    ``first_frame`` goes to it when it has accepted the socket.
    """

    def __init__(
        self,
        application: Application,
        scope: Scope,
        on_frame: Callable[[str | bytes], None],
        first_frame: str,
    ) -> None:
        self.accepted = False
        self.close_code: int | None = None
        self.subprotocol: str | None = None
        self._application = application
        self._scope = scope
        self._on_frame = on_frame
        self._first_frame = first_frame
        self._failure: BaseException | None = None
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._news = asyncio.Event()

    def open(self) -> None:
        """Start the application, in a context that inherits nothing, as a server's would."""
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run(), context=Context())
        self._task.add_done_callback(self._returned)

    def send(self, frame: str | bytes) -> None:
        """Send the application a frame."""
        kind = "text" if isinstance(frame, str) else "bytes"
        self._inbox.put_nowait({"type": "websocket.receive", kind: frame})

    def end(self, code: int) -> None:
        """End the socket, whichever side wants it, and let the application know."""
        if self.close_code is None:
            self.close_code = code
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
            self._news.set()

    async def wait(self, find: Callable[[], Found | None], seconds: float) -> Found | None:
        """Return what ``find`` finds; None if it didn't in time, or can't as the socket ended.

        Raises what the application has raised, once.
        """
        try:
            async with asyncio.timeout(seconds):
                while (found := find()) is None and self.close_code is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return None
        self._raise_failure()
        return found

    async def finish(self, seconds: float) -> None:
        """Wait until the application has returned; raises ``AssertionError`` if it doesn't."""
        await asyncio.wait({self._task}, timeout=seconds)
        if not self._task.done():
            self.abandon()
            raise AssertionError(f"The application still runs {seconds} s after its socket ended.")
        self._raise_failure()

    @property
    def transport(self) -> ApplicationSocket:
        """What the application's side can abort, as on a real server."""
        return self

    def abort(self) -> None:
        """Break off, as a server does on behalf of an application that gave the peer up."""
        self.end(ABNORMAL)

    def abandon(self) -> None:
        """Stop the application."""
        self._task.cancel()

    async def _run(self) -> None:
        await self._application(self._scope, self._inbox.get, self._hear)

    async def _hear(self, message: Message) -> None:
        """Do what a server does with a message; after the end of the socket, nothing."""
        if self.close_code is not None:
            return
        if message["type"] == "websocket.accept":
            self.accepted = True
            self.subprotocol = message.get("subprotocol")
            self.send(self._first_frame)
        elif message["type"] == "websocket.send":
            text = message.get("text")
            self._on_frame(message["bytes"] if text is None else text)
        elif message["type"] == "websocket.close":
            self.end(message.get("code", 1000) if self.accepted else ABNORMAL)
        self._news.set()

    def _returned(self, task: asyncio.Task[None]) -> None:
        self._failure = None if task.cancelled() else task.exception()
        self.end(ABNORMAL)

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def browser_scope(path: str, headers: Mapping[str, str], subprotocols: Sequence[str]) -> Scope:
    """Return the scope of a socket that a page of ``HOST`` opens; ``headers`` come on top."""
    url = urlsplit(path)
    sent = {"host": HOST, "origin": f"http://{HOST}"}
    sent |= {name.lower(): value for name, value in headers.items()}
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "root_path": "",
        "query_string": url.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": (HOST, 80),
        "subprotocols": list(subprotocols),
    }
