"""Asks over HTTP/2 for a WebSocket (RFC 8441), as browsers do that have such a connection."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime.doctor.address import Address
from realtime.doctor.outside.network import tls_context
from realtime.doctor.rules.network import Http2
from realtime.protocol.frames import SUBPROTOCOL

READ_SIZE = 64 * 1024
ANSWER_WITHIN = 3.0
"""Seconds."""


async def ask_over_http2(address: Address, *, trusting: bool) -> Http2:
    """Read the server's settings, and open a socket where they offer it.

    Raises ``ImportError`` where the package h2 is missing.
    """
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import RemoteSettingsChanged, ResponseReceived
    from h2.settings import SettingCodes

    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=tls_context(trusting=trusting, alpn=["h2"])
    )
    connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))

    async def await_event(kind: Any) -> Any:
        async with asyncio.timeout(ANSWER_WITHIN):
            while data := await reader.read(READ_SIZE):
                events = connection.receive_data(data)
                writer.write(connection.data_to_send())
                if found := [event for event in events if isinstance(event, kind)]:
                    return found[0]
        return None

    try:
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        changed = await await_event(RemoteSettingsChanged)
        setting = SettingCodes.ENABLE_CONNECT_PROTOCOL
        if changed is None or connection.remote_settings.get(setting, 0) != 1:
            return Http2(extended_connect=False)
        connection.send_headers(connection.get_next_available_stream_id(), _connect(address))
        writer.write(connection.data_to_send())
        try:
            response = await await_event(ResponseReceived)
        except TimeoutError:
            response = None
        if response is None:
            return Http2(extended_connect=True)
        return Http2(extended_connect=True, status=int(dict(response.headers)[":status"]))
    finally:
        writer.transport.abort()


def _connect(address: Address) -> list[tuple[str, str]]:
    return [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", address.path),
        (":authority", address.netloc),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", SUBPROTOCOL),
        ("origin", address.origin),
    ]
