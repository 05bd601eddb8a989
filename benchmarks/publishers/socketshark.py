"""Publishes to SocketShark, which passes messages from Redis on unchanged."""

import json
import os

from redis import Redis

from benchmarks.publishers.lines import events

if __name__ == "__main__":
    redis = Redis.from_url(os.environ["REDIS_URL"])
    for stream, data in events():
        redis.publish(stream, json.dumps({"subscription": stream, "data": data}))
