"""What one client sends, from its first frame to its end."""

from __future__ import annotations

from realtime.access.first_frame import FirstFrame
from realtime.sockets.asgi import Message
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.subscriptions import open_sockets
from realtime.subscriptions.commands import Commands


class Incoming:
    """Hands each frame to the sign-in, to the heartbeat or to ``commands``; ends them all."""

    __slots__ = ("_commands", "_first_frame", "_socket")

    def __init__(self, socket: RealtimeSocket, commands: Commands, first_frame: FirstFrame) -> None:
        self._socket = socket
        self._commands = commands
        self._first_frame: FirstFrame | None = first_frame

    def take(self, message: Message) -> None:
        """Take a ``websocket.receive``."""
        text, first_frame = message.get("text"), self._first_frame
        self._first_frame = None
        if first_frame is None or not first_frame.take(text):
            self._socket.received(text, self._commands.run)

    async def ended(self, code: int | None) -> None:
        """Note the end, and wait until the commands that were taken are carried out.

        ``code`` is the close code that came, None where the server has ended it without one.
        """
        self._commands.end()
        open_sockets.ended(self._socket, code)
        self._socket.count_disconnect(code)
        self._socket.disconnected()
        await self._socket.finished()
        await self._commands.finished()
