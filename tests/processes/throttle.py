"""A line to a server that takes so many bytes a second of what the server sends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace
from urllib.parse import urlsplit

BUFFER = 8 * 1024
"""Bytes that the line takes ahead; what waits for it then waits at the server."""


@contextlib.asynccontextmanager
async def throttled(site, bytes_per_second: float) -> AsyncIterator[SimpleNamespace]:
    """Yield what `wire` takes for a site: its `ws_url` leads over the line."""
    port = urlsplit(site.ws_url).port
    assert port is not None

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await _connect(port)
        sending = asyncio.create_task(_pass_on(reader, to_server, float("inf")))
        try:
            await _pass_on(from_server, writer, bytes_per_second)
        finally:
            sending.cancel()
            to_server.close()
            writer.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        own = server.sockets[0].getsockname()[1]
        yield SimpleNamespace(ws_url=f"ws://127.0.0.1:{own}")


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=end, limit=BUFFER)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_per_second: float
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(BUFFER):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / bytes_per_second)
