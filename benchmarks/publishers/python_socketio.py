"""Publishes with a Redis manager that only writes, as python-socketio's documentation shows."""

import os

import socketio

from benchmarks.publishers.lines import events

if __name__ == "__main__":
    manager = socketio.RedisManager(os.environ["REDIS_URL"], write_only=True)
    for stream, data in events():
        manager.emit("call.state", data, room=stream)
