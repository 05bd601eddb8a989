"""What the fields of a message may hold."""

import json

import pytest

from realtime.layer import fields


def event(**more):
    return json.dumps({"type": "event", "stream": "user.1", "offset": 3, "data": 1, **more})


def test_what_is_sound_passes_as_it_is():
    assert fields.text("name", "call.state ☎") == "call.state ☎"
    assert fields.offset(2**63 - 1) == 2**63 - 1
    assert fields.milliseconds("1795366608670") == 1795366608670
    assert fields.frame(event(), "user.1", 3) == event()


@pytest.mark.parametrize("value", ["", "two\nlines", "x" * 201, 7, None, ["x"]])
def test_what_is_no_text(value):
    with pytest.raises((TypeError, ValueError), match="name is"):
        fields.text("name", value)


@pytest.mark.parametrize("value", [0, -1, 2**63, 1.0, True, "1", None])
def test_what_is_no_offset(value):
    with pytest.raises(ValueError, match="offset is"):
        fields.offset(value)


@pytest.mark.parametrize("value", ["noon", float("inf"), float("nan"), 2**60, None, [], "9" * 5000])
def test_what_is_no_time(value):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        fields.milliseconds(value)


@pytest.mark.parametrize(
    "frame",
    [
        7,
        "no JSON",
        "[]",
        event(type="bye"),
        event(stream="user.2"),
        event(offset=4),
        event(offset=3.0),
        event(offset=None),
        event(data=float("nan")),
        event(data="x" * 200_000),
        event().replace("1", '"\ud800"', 1),
    ],
)
def test_what_is_no_frame_of_that_event(frame):
    with pytest.raises((TypeError, ValueError)):
        fields.frame(frame, "user.1", 3)


def test_an_ephemeral_frame_has_no_offset():
    ephemeral = json.dumps({"type": "event", "stream": "user.1", "data": 1})
    assert fields.frame(ephemeral, "user.1", None) == ephemeral
    with pytest.raises(ValueError, match="another stream or offset"):
        fields.frame(event(), "user.1", None)
