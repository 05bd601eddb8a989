"""What a client gets that is beyond a limit, at the door and behind it; and what is counted."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from django.contrib.auth import get_user_model

from realtime import counters
from realtime.access import ways_in
from realtime.consumers import RealtimeConsumer
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError
from tests.virtual_time import elapsed

pytestmark = pytest.mark.django_db(transaction=True)  # For the threads of Channels and our own.

consumer = RealtimeConsumer.as_asgi()


@register("limited")
class Limited(Stream):
    async def authorize(self, user):
        return self.key != "private"


@pytest.fixture
def alice():
    return get_user_model()(pk=42, username="alice")


@pytest.fixture
def limit(settings):
    def limit(**limits):
        settings.REALTIME = {**settings.REALTIME, **limits}

    return limit


def opened(user=None, address="203.0.113.7", **options):
    async def application(scope, receive, send):
        await consumer({**scope, "client": (address, 5000)}, receive, send)

    return RealtimeCommunicator(application, user=user, **options)


def closed(reason):
    return counters.read().get(f'realtime_sockets_closed_total{{reason="{reason}"}}', 0)


async def test_one_connection_too_many_is_sent_away_before_anybody_asks_whose_it_is(
    alice, limit, monkeypatch
):
    limit(MAX_CONNECTIONS_PER_SECOND=2)
    asked, sign_in = [], ways_in.sign_in

    async def counted(scope):
        asked.append(scope)
        return await sign_in(scope)

    monkeypatch.setattr(ways_in, "sign_in", counted)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(opened(alice)) for _ in range(3)]
        assert [socket.welcome is None for socket in sockets] == [False, False, True]
        bye = await sockets[2].frame("bye")
        assert (bye["code"], bye["retry"]) == (4430, True)
        assert 1000 <= bye["after"] <= 3000
        assert await sockets[2].closed() == 4430
    assert len(asked) == 2
    assert closed("too_many_connections") == 1


async def test_an_address_has_room_again_when_its_visitors_have_left(alice, limit):
    limit(MAX_VISITORS_PER_ADDRESS=1, ANONYMOUS=True)
    async with opened() as first:
        assert first.welcome is not None
        async with opened() as second:
            assert (await second.frame("bye"))["code"] == 4431
        async with opened(address="203.0.113.8") as of_another:
            assert of_another.welcome is not None
    async with opened() as third:
        assert third.welcome is not None
    assert closed("too_many_visitors") == 1


async def test_those_who_have_signed_in_are_no_visitors(alice, limit):
    limit(MAX_VISITORS_PER_ADDRESS=1)
    async with opened(alice) as first, opened(alice) as second:
        assert first.welcome and second.welcome


async def test_a_sign_in_that_takes_too_long_has_a_code_of_its_own(limit, monkeypatch):
    limit(SIGN_IN_TIMEOUT=0.1)
    monkeypatch.setattr(ways_in, "sign_in", lambda scope: asyncio.sleep(5))
    began = elapsed()
    async with opened() as socket:
        bye = await socket.frame("bye")
        assert (bye["code"], bye["retry"]) == (4414, True)
    assert elapsed() - began < 1
    assert closed("late_sign_in") == 1


async def test_refused_visitors_and_foreign_origins_are_counted():
    async with opened() as visitor:
        assert await visitor.closed() == 4501
    async with opened(headers={"Origin": "https://evil.example"}) as foreign:
        assert await foreign.closed() == 1006
    assert (closed("not_signed_in"), closed("foreign_origin")) == (1, 1)


async def test_one_stream_too_many_of_a_user_is_refused_on_any_socket(alice, limit):
    limit(MAX_STREAMS_PER_USER=2, MAX_STREAMS_PER_SOCKET=2)
    async with opened(alice) as first, opened(alice) as second:
        await first.subscribe("limited.1")
        await second.subscribe("limited.1")
        await second.subscribe("limited.2")
        await first.unsubscribe("limited.1")
        with pytest.raises(RealtimeError) as refused:
            await first.subscribe("limited.3")
        assert refused.value.code == "too_many"
        await first.subscribe("limited.2")
    assert counters.read()['realtime_streams_refused_total{limit="per_user"}'] == 1


async def test_a_stream_that_may_not_be_followed_takes_no_room(alice, limit):
    limit(MAX_STREAMS_PER_USER=1, MAX_STREAMS_PER_SOCKET=1)
    async with opened(alice) as socket:
        for _ in range(3):
            with pytest.raises(RealtimeError, match="forbidden"):
                await socket.subscribe("limited.private")
        await socket.subscribe("limited.1")
    assert counters.read()['realtime_commands_refused_total{code="forbidden"}'] == 3


async def test_subscribes_beyond_the_burst_wait(alice, limit):
    limit(MAX_SUBSCRIBES_PER_SECOND=10, MAX_SOCKETS_PER_USER=1, MAX_STREAMS_PER_SOCKET=2)
    async with opened(alice) as socket:
        began = elapsed()
        for _ in range(2 + 3):
            await socket.subscribe("limited.1")
            await socket.unsubscribe("limited.1")
        assert elapsed() - began >= 0.25
    assert counters.read()['realtime_commands_delayed_total{limit="subscribes"}'] == 3


async def test_frames_that_are_refused_are_counted_by_their_code(alice):
    async with opened(alice) as socket:
        for frame in ("no JSON", '{"type": "unheard"}', '{"type": "subscribe", "stream": "no.1"}'):
            await socket.send_frame(frame)
            await socket.frame("error")
    read = counters.read()
    for code in ("bad_frame", "unknown_type", "unknown_stream"):
        assert read[f'realtime_commands_refused_total{{code="{code}"}}'] == 1
