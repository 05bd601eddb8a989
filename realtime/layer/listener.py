"""Stands where a channel of a layer has its queue, and calls functions with what comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Listener:
    """Hands on each message of a channel.

    ``on_error`` gets what could not be decoded, and errors after which messages are missing.
    """

    __slots__ = ("_deserialize", "_on_message", "on_error")

    def __init__(
        self,
        deserialize: Callable[[bytes], Any],
        on_message: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._deserialize = deserialize
        self._on_message = on_message
        self.on_error = on_error

    def put_nowait(self, data: bytes) -> None:
        """Decode a message and hand it over."""
        try:
            message = self._deserialize(data)
        except Exception as error:
            self.on_error(error)
        else:
            self._on_message(message)
