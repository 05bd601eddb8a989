"""What a client gets in place of a stream that it may not follow any more."""

import json

import pytest

from realtime.protocol import frames
from realtime.protocol.position import NOWHERE
from realtime.subscriptions.withdrawal import withdraw


class Socket:
    """What waits for a peer that does not read."""

    def __init__(self):
        self.waiting = []

    def send_text(self, text):
        self.waiting.append(text)

    def drop_waiting(self, is_dropped):
        self.waiting = [text for text in self.waiting if not is_dropped(text)]

    @property
    def frames(self):
        return [json.loads(text) for text in self.waiting]


@pytest.fixture
def socket():
    return Socket()


def event(stream, number):
    return frames.event(stream, "n", f'{{"stream":"room.1","n":{number}}}', event_id="i", at=1)


def subscribed(stream, ref):
    return frames.subscribed(stream, ref, NOWHERE, recovered=False, snapshot={"secret": 1})


END = {"type": "unsubscribed", "stream": "room.1", "reason": "forbidden"}


def test_the_end_alone_where_nothing_waits(socket):
    withdraw(socket, "room.1", "forbidden")
    assert socket.frames == [END]


def test_it_takes_the_place_of_all_that_waits_of_the_stream_and_of_nothing_else(socket):
    others = [event("room.12", 1), frames.reply(1, 7), frames.ping("0a0a0a0a"), event("room", 1)]
    for text in (
        event("room.1", 1),
        *others,
        frames.replayed(event("room.1", 2)),
        frames.reset("room.1", NOWHERE, "a picture"),
    ):
        socket.send_text(text)
    withdraw(socket, "room.1", "forbidden")
    assert socket.waiting[:-1] == others
    assert socket.frames[-1] == END


def test_a_subscribe_whose_answer_waits_is_refused_instead(socket):
    for text in (subscribed("room.1", 7), event("room.1", 1), subscribed("room.2", 8)):
        socket.send_text(text)
    withdraw(socket, "room.1", "forbidden")
    assert [frame.get("ref") for frame in socket.frames] == [8, 7]
    assert socket.frames[-1]["code"] == "forbidden"


def test_each_subscribe_gets_an_answer(socket):
    for text in (
        subscribed("room.1", 1),
        frames.unsubscribed("room.1", 2),
        subscribed("room.1", 3),
    ):
        socket.send_text(text)
    withdraw(socket, "room.1", "internal")
    answers = [(frame["type"], frame["ref"]) for frame in socket.frames]
    assert answers == [("unsubscribed", 2), ("error", 1), ("error", 3)]
    assert socket.frames[-1]["code"] == "internal"
