"""``Cable``: a TCP proxy that loses everything without a word, as a pulled cable does.

It needs neither root nor a Django project. It runs in a thread of its own, so that one class
serves sync and async tests, and a test that blocks its event loop does not hold up the path.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Literal, Self

from realtime.testing.cable_connection import TO_CLIENT, TO_SERVER, Connection, End

Direction = Literal["to_server", "to_client"]


class Cable:
    """The path to the TCP port ``port`` of ``host``, for use in ``with`` or ``async with``.

    Clients connect to the attribute ``port`` of 127.0.0.1, a free one, or to ``listener``: a socket
    that is bound to an address of your own, and closed in the end. Each method returns when it has
    taken effect, and raises ``RuntimeError`` outside of the ``with``.
    """

    port: int

    def __init__(self, host: str, port: int, *, listener: socket.socket | None = None) -> None:
        self._server = (host, port)
        self._listener = listener
        self._cut: set[str] = set()
        self._connections: set[Connection] = set()
        self._dialling: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def cut(self, direction: Direction | None = None) -> None:
        """Let nothing pass any more, in one direction or in both, and close nothing.

        What is sent meanwhile is held back, the end of a connection too. A client that connects
        during a cut gets a connection, because its own machine gives it one, but no answer.

        Raises ``ValueError`` for a direction that is not ``"to_server"``, ``"to_client"`` or None.
        """
        if direction not in (TO_SERVER, TO_CLIENT, None):
            raise ValueError(f"direction is 'to_server', 'to_client' or None, not {direction!r}.")
        self._run(lambda: self._cut.update((direction,) if direction else (TO_SERVER, TO_CLIENT)))

    def heal(self) -> None:
        """Let everything pass, what was held back first: TCP repeats what was lost.

        A reset is not repeated: the other side meets it when it sends something.
        """
        self._run(self._heal)

    def forget(self) -> None:
        """Lose all that belongs to the present connections, also later; new ones pass.

        That is what a router does which was started again. Neither end gets any sign of it.
        """
        self._run(self._forget)

    def __enter__(self) -> Self:
        self._cut.clear()
        listener = self._listener or socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = runner.get_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._main, args=(runner, listener), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop.set)
        self._thread.join()
        self._loop = None

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def _run(self, function: Callable[[], object]) -> None:
        """Run ``function`` in the cable's thread, which alone touches the connections."""
        if self._loop is None:
            raise RuntimeError("The cable is not laid: use it inside its with statement.")

        async def run() -> None:
            function()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _main(self, runner: asyncio.Runner, listener: socket.socket) -> None:
        with runner:
            runner.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.get_running_loop().create_server(self._accept, sock=listener)
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.close()

    def _heal(self) -> None:
        self._cut.clear()
        for connection in self._connections:
            connection.advance()

    def _forget(self) -> None:
        for connection in self._connections:
            connection.forget()

    def _accept(self) -> End:
        connection = Connection(self._cut, self._dial)
        self._connections = {other for other in self._connections if not other.is_over}
        self._connections.add(connection)
        return connection.client

    def _dial(self, connection: Connection) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(connection))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _connect(self, connection: Connection) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: connection.server, *self._server
            )
        except OSError:
            connection.refused()
