"""The role of a follower, as the edge of the hub."""

import json


class RecordingFollower:
    """Keeps what it was handed: the data of events, ("behind", an offset) and "reset"."""

    def __init__(self):
        self.got = []
        self.is_full = False

    def deliver(self, message, size):
        assert message["type"] == "websocket.send" and size == len(message["text"])
        if not self.is_full:
            self.got.append(json.loads(message["text"])["data"])
        return not self.is_full

    def fall_behind(self, position):
        self.is_full = False
        self.got.append(("behind", position.offset))

    def reset(self):
        self.got.append("reset")
