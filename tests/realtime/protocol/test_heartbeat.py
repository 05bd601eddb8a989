import json
from pathlib import Path

import pytest

from realtime.protocol.heartbeat import Heartbeat, Role

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "heartbeat.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    heartbeat = Heartbeat(
        Role(vector["role"]),
        vector["interval"],
        vector["timeout"],
        now=vector["now"],
        jitter=vector.get("jitter", 1.0),
    )
    for step in vector["steps"]:
        if "wake" in step:
            assert heartbeat.wake(step["wake"]) == step["verdict"], step
        if "ping" in step:
            heartbeat.ping(step["ping"], step["now"])
        if "received" in step:
            heartbeat.received(step["received"])
        if "moving" in step:
            heartbeat.moving(step["moving"])
        if "pong" in step:
            assert heartbeat.pong(step["pong"], step["now"]) == step["latency"], step
        if "wake_at" in step:
            assert heartbeat.wake_at == step["wake_at"], step
