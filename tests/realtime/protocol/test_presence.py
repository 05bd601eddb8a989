import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.presence import Changes, Presence

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "presence.json").read_text())


def members(rows):
    return [{"user": user, "meta": meta, "since": since} for user, meta, since in rows]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    presence = Presence()
    for step in vector["steps"]:
        if "replace" in step:
            changes = presence.replace(members(step["replace"]), step["offset"])
        else:
            difference = {kind: members(rows) for kind, rows in step["apply"].items()}
            changes = presence.apply(difference, step["offset"])
        expected = [members(step.get(kind, [])) for kind in Changes._fields]
        assert list(changes) == expected, step
        if "members" in step:
            assert presence.members == members(step["members"]), step


@st.composite
def histories(draw):
    """The differences of a stream whose users come, change and go, each with its offset."""
    there, events = {}, []
    for offset in range(1, draw(st.integers(1, 30)) + 1):
        user = draw(st.sampled_from(["user.1", "user.2", "user.3"]))
        if user not in there:
            kind, there[user] = "join", {"user": user, "meta": {}, "since": offset}
        elif draw(st.booleans()):
            kind, there[user] = "update", {**there[user], "meta": {"n": offset}}
        else:
            kind = "leave"
        events.append((offset, {kind: [there[user]]}))
        if kind == "leave":
            del there[user]
    return events


@given(histories(), st.data())
def test_a_list_that_is_read_too_late_and_all_that_follows_end_in_the_same(history, data):
    """The list may have what comes after its offset; those who stay are never taken away."""
    offset = data.draw(st.integers(0, len(history)), "offset of the list")
    read = data.draw(st.integers(offset, len(history)), "what the list has")
    true, presence = Presence(), Presence()
    for at, difference in history[:read]:
        true.apply(difference, at)
    presence.replace(true.members, offset)
    for at, difference in history[read:]:
        true.apply(difference, at)
    for at, difference in history[max(0, offset - 2) :]:
        presence.apply(difference, at)
    assert presence.members == true.members
