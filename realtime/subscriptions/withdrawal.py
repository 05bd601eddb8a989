"""The end of a subscription that the client did not ask for, in place of all that waits of it."""

from __future__ import annotations

import json

from realtime.protocol import frames
from realtime.sockets.realtime_socket import RealtimeSocket

SENTENCES = {
    "forbidden": "You may not follow {} any more.",
    "internal": "Whether you may follow {} could not be found out; try again.",
}
"""What the client gets for each reason, where its ``subscribe`` has no answer yet."""


def withdraw(socket: RealtimeSocket, stream: str, reason: str) -> None:
    """Drop the frames of a stream that wait for the peer, and send that the subscription has ended.

    Where the answer to the client's ``subscribe`` is among them, an error takes its place.
    """
    dropped: list[str] = []

    def is_dropped(text: str) -> bool:
        if frames.is_of_stream(text, stream):
            dropped.append(text)
            return True
        return False

    socket.drop_waiting(is_dropped)
    refused = [frame for frame in map(json.loads, dropped) if frame["type"] == "subscribed"]
    for frame in refused:
        message = SENTENCES[reason].format(stream)
        socket.send_text(frames.error(reason, message, frame.get("ref")))
    if not refused:
        socket.send_text(frames.unsubscribed(stream, None, reason))
