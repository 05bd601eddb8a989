import json
from pathlib import Path

import pytest

from realtime.protocol.skips import Skips

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "skips.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    skips = Skips(vector["position"])
    for step in vector["steps"]:
        skip = skips.hand_out(step["hand_out"]) if "hand_out" in step else skips.to(step["to"])
        frames = [] if skip is None else [skip._asdict()]
        if "hand_out" in step:
            frames.append({"event": step["hand_out"]})
        assert frames == step["frames"], step
        assert skips.offset == step["client"], step
