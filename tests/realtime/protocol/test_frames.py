import json

from realtime.protocol import frames
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
