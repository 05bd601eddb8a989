"""What a client's first frame, and its handshake, say of a ticket."""

import asyncio
import json

import pytest

from realtime.access.first_frame import FirstFrame, announces_ticket, ticket_among
from tests import virtual_time
from tests.virtual_time import elapsed

AUTHENTICATE = json.dumps({"type": "authenticate", "ticket": "abc"})


def test_a_ticket_among_the_subprotocols():
    assert ticket_among(["realtime.v1", "realtime.ticket.a~b.c"]) == "a~b.c"
    assert ticket_among(["realtime.v1", "realtime.ticket"]) is None
    assert ticket_among(["realtime.v1", "realtime.ticket."]) == ""
    assert announces_ticket(["realtime.v1", "realtime.ticket"])
    assert not announces_ticket(["realtime.v1", "realtime.ticket.abc"])


async def test_a_ticket_is_taken_and_no_command():
    first = FirstFrame()
    assert first.ticket is None
    assert first.take(AUTHENTICATE)
    assert first.ticket == await first.wait() == "abc"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "authenticate",
        '{"type": "ping", "nonce": "authenticate"}',
        '{"type": "authenticate"}',
        '{"type": "authenticate", "ticket": 7}',
        '{"type": "authenticate", "ticket": ""}',
        '{"type": "authenticate", "ticket": "\\ud800"}',
        '{"type": "authenticate", "ticket": "a\\nb"}',
        json.dumps({"type": "authenticate", "ticket": "x" * 10_000}),
        "[" * 5000 + '"authenticate"',
    ],
)
async def test_any_other_frame_is_left_to_the_commands_and_waited_for_no_longer(text):
    first = FirstFrame()
    assert not first.take(text)
    assert await asyncio.wait_for(first.wait(), 1) is None


async def test_the_second_frame_is_too_late():
    first = FirstFrame()
    first.take('{"type": "ping", "nonce": "a"}')
    assert not first.take(AUTHENTICATE)
    assert first.ticket is None


async def test_after_the_sign_in_it_is_too_late():
    first = FirstFrame()
    first.close()
    assert not first.take(AUTHENTICATE)


def test_a_client_that_says_nothing_is_waited_for_three_seconds():
    async def run():
        assert await FirstFrame().wait() is None
        assert elapsed() == pytest.approx(3.0)

    virtual_time.run(run())
