"""Publishes ready-made frames of this project, for servers that only send."""

import os
import time
import uuid

from redis import Redis

from benchmarks.publishers.lines import events
from realtime.protocol import frames

if __name__ == "__main__":
    redis = Redis.from_url(os.environ["REDIS_URL"])
    for stream, data in events():
        at = int(time.time() * 1000)
        text = frames.encode(data)
        frame = frames.event(stream, "call.state", text, event_id=uuid.uuid4().hex, at=at)
        redis.publish("events", f"{stream}\n{frame}")
