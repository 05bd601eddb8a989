"""One event for followers that select: parsed once, and encoded once for equal fields."""

import json

import pytest

from realtime.eventlog import Draft, LoggedEvent
from realtime.fanout.copies import Copies
from realtime.layer.messages import EphemeralEvent

LOGGED = LoggedEvent.of(Draft("id", "n", '{"to":"me"}', 1), "user.1", "e", 7)
EPHEMERAL = EphemeralEvent("user.1", "id", "n", '{"type":"event","data":{"to":"me"}}')


@pytest.mark.parametrize(("event", "offset"), [(LOGGED, 7), (EPHEMERAL, None)])
def test_it_knows_what_the_event_says_and_where_it_is(event, offset):
    copies = Copies(event, event.frame)
    assert copies.data == {"to": "me"}
    assert copies.offset == offset


def test_without_fields_the_frame_goes_as_it_is():
    copies = Copies(LOGGED, LOGGED.frame)
    assert copies.message("") == {"type": "websocket.send", "text": LOGGED.frame}


def test_equal_fields_share_a_message_and_others_have_another():
    copies = Copies(LOGGED, LOGGED.replayed_frame)
    first, again, other = (copies.message(extra) for extra in ('{"p":1}', '{"p":1}', '{"p":2}'))
    assert first is again
    assert json.loads(first["text"])["extra"] == {"p": 1}
    assert json.loads(first["text"])["replayed"] is True
    assert json.loads(other["text"])["extra"] == {"p": 2}
