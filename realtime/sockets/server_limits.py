"""What the server lets a stranger send, said once where that is more than anybody needs."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from realtime.logs import get_logger
from realtime.sockets.asgi import Send
from realtime.sockets.servers import server_send

logger = get_logger(__name__)

UVICORNS_MAX_SIZE = 16 * 1024 * 1024
"""Bytes of the largest frame that Uvicorn takes by default."""

_checked: WeakSet[Any] = WeakSet()
"""The configurations of servers in this process that were checked."""


def check_limits(send: Send) -> None:
    """Warn, once for each server, of a Uvicorn that inflates frames or takes very large ones.

    Both cost memory and time before anybody knows who sends them. ``send`` is a socket's.
    """
    config = getattr(getattr(server_send(send), "__self__", None), "config", None)
    if config is None or config in _checked:
        return
    _checked.add(config)
    compression = getattr(config, "ws_per_message_deflate", False)
    max_size = getattr(config, "ws_max_size", 0)
    if compression or max_size >= UVICORNS_MAX_SIZE:
        logger.warning(
            "strangers may send too much compression=%s max_size=%d: start Uvicorn with"
            " --ws realtime.uvicorn:WebSocketProtocol,"
            " or with --ws-per-message-deflate false --ws-max-size 131072",
            compression,
            max_size,
        )
