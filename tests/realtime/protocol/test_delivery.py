import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol import delivery
from realtime.protocol.delivery import Delivery
from realtime.protocol.position import Position

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "delivery.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    stream = Delivery(Position(*vector["position"]))
    for step in vector["steps"]:
        handed_out = []
        if "take" in step:
            handed_out = stream.take(*step["take"])
        elif "read" in step:
            handed_out = stream.read(step["read"])
        elif "ephemeral" in step:
            handed_out = stream.ephemeral(step["ephemeral"])
        elif "reset" in step:
            handed_out = stream.reset(Position(*step["reset"]))
        elif "checked" in step:
            handed_out = stream.checked(step["checked"])
        assert handed_out == step.get("handed_out", []), step
        if "has_hole" in step:
            assert stream.has_hole is step["has_hole"], step
        if "position" in step:
            assert stream.position.offset == step["position"], step


@st.composite
def histories(draw):
    """A log that grows, reads, and broadcasts that are lost, repeated, late and out of order."""
    start = draw(st.integers(0, 3))
    top, steps = start, []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["publish", "take", "take", "read", "check", "ephemeral"]))
        if kind == "publish":
            top += draw(st.integers(1, 4))
        elif kind == "take" and top:
            steps.append(("take", draw(st.integers(1, top))))
        elif kind == "read":
            steps.append(("read", draw(st.integers(0, 3)), top))
        elif kind == "check":
            steps.append(("check", draw(st.integers(start, top)) if top > start else top))
        else:
            steps.append(("ephemeral", len(steps)))
    return start, top, steps


@given(histories())
def test_whatever_happens_to_broadcasts_the_log_is_handed_out_in_order_and_once(history):
    start, top, steps = history
    stream, handed_out, ephemeral = Delivery(Position("e", start)), [], []
    for step in steps:
        if step[0] == "take":
            handed_out += stream.take(step[1], step[1])
        elif step[0] == "read":
            beginning = max(0, stream.position.offset - step[1])
            handed_out += stream.read((n, n) for n in range(beginning + 1, step[2] + 1))
        elif step[0] == "check":
            stream.announce(step[1])
        else:
            ephemeral.append(f"x{step[1]}")
            handed_out += stream.ephemeral(ephemeral[-1])
        kept = [event for event in handed_out if isinstance(event, int)]
        assert kept == list(range(start + 1, stream.position.offset + 1))
    stream.announce(top)
    if stream.has_hole:
        handed_out += stream.read((n, n) for n in range(stream.position.offset + 1, top + 1))
    assert [event for event in handed_out if isinstance(event, int)] == list(
        range(start + 1, top + 1)
    )
    assert [event for event in handed_out if isinstance(event, str)] == ephemeral
    assert not stream.has_hole


def test_the_log_is_believed_and_not_what_was_broadcast_with_the_same_offset():
    stream = Delivery(Position("e", 5))
    assert stream.take(7, "untrue") == []
    assert stream.read([(6, "f"), (7, "g")]) == ["f", "g"]


def test_what_waits_is_bounded():
    stream = Delivery(Position("e", 0))
    stream.take(2, 2)
    for number in range(delivery.MAX_EPHEMERAL + 5):
        stream.ephemeral(f"x{number}")
    for offset in range(3, delivery.MAX_AHEAD + 50):
        stream.take(offset, offset)
    handed_out = stream.take(1, 1)
    assert handed_out[: delivery.MAX_AHEAD + 1] == list(range(1, delivery.MAX_AHEAD + 2))
    assert stream.has_hole
    handed_out += stream.read(
        (n, n) for n in range(stream.position.offset + 1, delivery.MAX_AHEAD + 50)
    )
    assert handed_out[-1] == f"x{delivery.MAX_EPHEMERAL + 4}"
    assert len([event for event in handed_out if isinstance(event, str)]) == delivery.MAX_EPHEMERAL
