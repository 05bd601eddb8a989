"""How much of what was sent has not left this machine: what servers and the kernel show of it.

ASGI has no way to ask. asyncio's transports and Twisted's know what waits in the process, and Linux
what waits in the socket. Behind a proxy it is the proxy's socket that takes the bytes.
"""

from __future__ import annotations

import contextlib
import struct
from typing import Any

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:  # Windows, whose kernel doesn't say.
    ioctl = None  # type: ignore[assignment]


def unsent_bytes(transport: Any) -> int | None:
    """Return the bytes that wait in a server's transport and its socket; None if it shows none."""
    in_process = _in_process(transport)
    return None if in_process is None else in_process + _in_kernel(transport)


def _in_process(transport: Any) -> int | None:
    if callable(size := getattr(transport, "get_write_buffer_size", None)):
        return int(size())
    if hasattr(transport, "dataBuffer"):  # Twisted, which has no method for it.
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)
    return None


def _in_kernel(transport: Any) -> int:
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        answer = ioctl(_fileno(transport), TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0])
    return 0


def _fileno(transport: Any) -> int:
    if callable(get := getattr(transport, "get_extra_info", None)):
        return int(get("socket").fileno())
    return int(transport.fileno())
