import json
from pathlib import Path

import pytest

from realtime.protocol.order import MAX_KEYS, Order

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "order.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    order = Order()
    for step in vector["steps"]:
        assert order.allows(step["key"], step["number"]) is step["allowed"], step


def test_of_many_keys_the_one_that_was_used_least_lately_is_forgotten():
    order = Order()
    for key in range(MAX_KEYS):
        order.allows(key, 7)
    order.allows(0, 6)
    order.allows("one too many", 7)
    assert not order.allows(0, 7), "it was asked for lately"
    assert order.allows(1, 1), "it is forgotten"
