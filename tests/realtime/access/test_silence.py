"""A silent socket for the doctor, and for nobody who lacks the site's key."""

import asyncio

from django.test import override_settings

from realtime.access import silence
from realtime.access.silence import silence_among, silence_offer
from realtime.consumers import RealtimeConsumer
from tests import virtual_time
from tests.realtime.sockets.connection import Connection


def test_an_offer_holds_for_a_minute_and_for_one_key(monkeypatch):
    offer = silence_offer()
    assert silence_among(["realtime.v1", offer]) == offer
    assert silence_among(["realtime.v1"]) is None
    assert silence_among([silence.SILENCE_PROTOCOL, f"{silence.SILENCE_PROTOCOL}.x"]) is None
    assert silence_among([offer[:-1] + ("A" if offer[-1] != "A" else "B")]) is None
    with override_settings(SECRET_KEY="another"):
        assert silence_among([offer]) is None
    monkeypatch.setattr(silence, "VALID_FOR", -1)
    assert silence_among([offer]) is None


def serve(connection, offer, origin=b"http://testserver"):
    """Serve a socket that asks for silence; returns the task."""
    scope = {
        "type": "websocket",
        "headers": [(b"host", b"testserver"), (b"origin", origin)],
        "subprotocols": [offer, "realtime.v1"],
    }
    connection.arrive({"type": "websocket.connect"})
    consumer = RealtimeConsumer.as_asgi()
    return asyncio.create_task(consumer(scope, connection.receive, connection.send))


def test_a_socket_is_silent_until_it_is_spoken_to_and_not_for_longer_than_it_may():
    async def run():
        connection, offer = Connection(), silence_offer()
        serving = serve(connection, offer)
        await asyncio.sleep(silence.MAX_SILENCE - 1)
        assert connection.sent == [{"type": "websocket.accept", "subprotocol": offer}]
        connection.say("there?")
        await asyncio.sleep(0.5)
        assert connection.sent[1:] == [{"type": "websocket.send", "text": "there?"}]
        await serving
        assert connection.sent[2:] == [{"type": "websocket.close"}]
        left = Connection()
        serving = serve(left, silence_offer())
        await asyncio.sleep(1)
        left.leave()
        await asyncio.wait_for(serving, 1)

    virtual_time.run(run())


def test_a_process_has_few_of_them(monkeypatch):
    async def run():
        monkeypatch.setattr(silence, "MAX_SOCKETS", 1)
        serving = serve(Connection(), silence_offer())
        await asyncio.sleep(1)
        refused = Connection()
        await asyncio.wait_for(serve(refused, silence_offer()), 1)
        assert refused.sent == [{"type": "websocket.close"}]
        await serving
        again = Connection()
        serving = serve(again, silence_offer())
        await asyncio.sleep(1)
        assert again.sent[0]["type"] == "websocket.accept"
        again.leave()
        await serving

    virtual_time.run(run())


def test_a_page_of_another_site_gets_no_silence_either():
    async def run():
        connection = Connection()
        await serve(connection, silence_offer(), origin=b"https://evil.example")
        assert connection.sent[0] == {"type": "websocket.close"}

    virtual_time.run(run())


def test_without_the_key_it_is_a_socket_as_any_other():
    async def run():
        connection = Connection()
        serving = serve(connection, f"{silence.SILENCE_PROTOCOL}.made-up")
        await asyncio.sleep(1)
        assert connection.sent[0]["subprotocol"] == "realtime.v1"
        connection.leave()
        await serving

    virtual_time.run(run())
