import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol import frames
from realtime.protocol.frames import FrameError
from realtime.protocol.position import Position


def test_welcome_without_a_user_has_no_me():
    text = frames.welcome("s1", 10, 8, now=1769100000123)
    assert json.loads(text) == {
        "type": "welcome",
        "version": 1,
        "socket": "s1",
        "heartbeat": {"interval": 10.0, "timeout": 8.0},
        "now": 1769100000123,
    }
    assert '"interval":10.0' in text


def test_written_frames_are_as_the_protocol_says():
    assert json.loads(frames.ping("9f3c1a2b")) == {"type": "ping", "nonce": "9f3c1a2b"}
    assert json.loads(frames.bye(4412, "restarting", retry=True, after=1200)) == {
        "type": "bye",
        "code": 4412,
        "reason": "restarting",
        "retry": True,
        "after": 1200,
    }
    assert "after" not in json.loads(frames.bye(4408, "stale", retry=True))
    assert json.loads(frames.event("user.42", "n", "[1]", event_id="e", at=5)) == {
        "type": "event",
        "stream": "user.42",
        "id": "e",
        "name": "n",
        "data": [1],
        "at": 5,
    }
    assert json.loads(frames.skipped("room.7", 17, 19)) == {
        "type": "skipped",
        "stream": "room.7",
        "after": 17,
        "offset": 19,
    }
    event = frames.event("user.42", "n", "1", event_id="e", at=5, offset=3)
    extended = json.loads(frames.extended(frames.replayed(event), '{"page":7}'))
    assert extended == {**json.loads(event), "replayed": True, "extra": {"page": 7}}
    assert "ref" not in json.loads(frames.error("bad_frame", "No."))
    assert json.loads(frames.error("forbidden", "No.", 0))["ref"] == 0


@pytest.mark.parametrize("ref", [0, 7, "a" * 128, None])
def test_refs_that_are_taken(ref):
    frame = {"type": "subscribe", "ref": ref, "stream": "me"}
    assert frames.decode(json.dumps(frame), 1000) == frame


@pytest.mark.parametrize("ref", [1.5, True, "a" * 129, [], {}])
def test_refs_that_are_not(ref):
    with pytest.raises(FrameError) as error:
        frames.decode(json.dumps({"type": "subscribe", "ref": ref, "stream": "me"}), 1000)
    assert (error.value.code, error.value.ref) == ("bad_frame", None)


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-2.5E+309",
        "1e0000310",
        "1" * 400 + ".5",
        "1" * 300 + "e10",
        "1" * 211 + "." + "0" * 50 + "e99",
    ],
)
def test_numbers_that_json_does_not_have(number):
    with pytest.raises(FrameError) as error:
        frames.decode(f'{{"type":"send","stream":"s","name":"n","data":{number}}}', 1000)
    assert error.value.code == "bad_frame"


@given(st.from_regex(r"-?[1-9][0-9]{0,400}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True))
def test_a_number_is_taken_if_and_only_if_it_can_be_written_again(number):
    text = f'{{"type":"send","stream":"s","name":"n","data":{number}}}'
    try:
        data = frames.decode(text, 1000)["data"]
    except FrameError:
        assert json.loads(number) in (math.inf, -math.inf)
    else:
        assert json.loads(frames.encode(data)) == data


def test_words_and_digits_that_are_no_numbers_are_taken():
    data = ["3e999 ways", "1" * 500, 10**400, 1e300, 1e-300]
    text = json.dumps({"type": "send", "stream": "s", "name": "n", "data": data})
    assert frames.decode(text, 10_000)["data"] == data


def test_a_frame_is_measured_in_bytes():
    text = json.dumps({"type": "ping", "nonce": "ü"}, ensure_ascii=False)
    size = len(text.encode())
    assert frames.decode(text, size)["nonce"] == "ü"
    with pytest.raises(FrameError) as error:
        frames.decode(text, size - 1)
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{}",
        '{"type":"ping","nonce":1}',
        '{"type":"ping","nonce":"a","also":1}',
        '{"type":"welcome","nonce":"a"}',
        '["nonce"]',
        '{"nonce" ',
        "[" * 200 + '"nonce"',
        json.dumps({"type": "ping", "nonce": "n" * 600}),
    ],
)
def test_what_is_no_heartbeat_belongs_to_the_application(text):
    assert frames.heartbeat_frame(text) is None


@pytest.mark.parametrize("kind", ["ping", "pong"])
def test_heartbeats_are_recognised_however_they_are_spaced(kind):
    assert frames.heartbeat_frame(f' {{ "nonce":"x", "type" : "{kind}" }}') == {
        "type": kind,
        "nonce": "x",
    }


def test_a_list_that_is_empty_is_sent_and_none_is_not():
    position = Position("e", 5)
    answer = json.loads(frames.subscribed("s", 1, position, recovered=False, presence=[]))
    assert answer["presence"] == []
    assert "presence" not in json.loads(frames.subscribed("s", 1, position, recovered=True))
    assert json.loads(frames.reset("s", position, None, [])) == {
        "type": "reset",
        "stream": "s",
        "epoch": "e",
        "offset": 5,
        "presence": [],
    }


def test_which_frames_are_of_a_stream():
    position = Position("e", 1)
    event = frames.event("room.1", "n", "1", event_id="i", at=1, offset=1)
    of_it = [
        event,
        frames.replayed(event),
        frames.event("room.1", "n", "1", event_id="i", at=1),
        frames.subscribed("room.1", 7, position, recovered=False, snapshot={"s": 1}),
        frames.reset("room.1", position),
    ]
    others = [
        frames.event("room.11", "n", "1", event_id="i", at=1, offset=1),
        frames.unsubscribed("room.1", None, "forbidden"),
        frames.reply("room.1", 7),
        frames.ping("12345678"),
        frames.bye(4504, "signed out", retry=False),
    ]
    assert all(frames.is_of_stream(frame, "room.1") for frame in of_it)
    assert not any(frames.is_of_stream(frame, "room.1") for frame in others)
