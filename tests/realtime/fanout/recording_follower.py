"""The role of a follower, as the edge of the hub."""

import json


class RecordingFollower:
    """Keeps what it was handed: the data of events, ("behind" or "skip", an offset), "reset"."""

    def __init__(self, socket="a socket", selects=False):
        self.id = socket
        self.selects = selects
        self.got = []
        self.is_full = False

    def deliver(self, message, size):
        assert message["type"] == "websocket.send" and size == len(message["text"])
        if not self.is_full:
            self.got.append(json.loads(message["text"])["data"])
        return not self.is_full

    def take(self, copies):
        if not self.is_full:
            self.got.append((copies.offset, copies.data))
        return not self.is_full

    def when_proved(self, then):
        self.proved = then

    def ask_for_receipt(self, event_id):
        self.got.append("receipt")

    def skip(self, offset):
        self.got.append(("skip", offset))

    def fall_behind(self, position):
        self.is_full = False
        self.got.append(("behind", position.offset))

    def reset(self):
        self.got.append("reset")
