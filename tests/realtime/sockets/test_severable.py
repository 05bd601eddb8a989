"""Applications go where their server would leave them waiting for a peer that is gone."""

import asyncio

import pytest

from realtime.sockets.servers import find_abort
from realtime.sockets.severable import Severable, severable
from realtime.sockets.transport import Transport
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import only_read, open_wrapped
from tests.realtime.sockets.unabortable import Unabortable


@pytest.fixture
async def unabortable():
    return Unabortable()


async def test_a_connection_that_can_be_aborted_stays_as_it_is(connection):
    both = severable(connection.receive, connection.send)
    assert both == (connection.receive, connection.send)


async def test_one_that_cannot_gets_an_abort(unabortable):
    receive, send = severable(unabortable.receive, unabortable.send)
    assert find_abort(unabortable.send) is None
    waiting = asyncio.create_task(receive())
    await asyncio.sleep(1)
    find_abort(send)()
    assert await waiting == {"type": "websocket.disconnect", "code": 1006}
    assert (await receive())["type"] == "websocket.disconnect"
    with pytest.raises(OSError):
        await send({"type": "websocket.send", "text": "too late"})
    find_abort(send)()  # Harmless.
    assert unabortable.texts == []


async def test_a_send_that_waits_ends_with_the_abort(unabortable):
    connection = Severable(unabortable.receive, unabortable.send)
    unabortable.writable.clear()
    sending = asyncio.create_task(connection.send({"type": "websocket.send", "text": "a"}))
    await asyncio.sleep(1)
    connection.abort()
    with pytest.raises(OSError):
        await sending


async def test_a_close_ends_receive_and_is_on_its_way_before_the_application_knows(unabortable):
    """Granian sends no close while a receive waits, and drops it when its application returns."""
    connection = Severable(unabortable.receive, unabortable.send)
    unabortable.writable.clear()
    receiving = asyncio.create_task(connection.receive())
    await asyncio.sleep(1)
    closing = asyncio.create_task(connection.send({"type": "websocket.close", "code": 4412}))
    await asyncio.sleep(1)
    assert unabortable.receives_waiting == 0
    assert not receiving.done()
    unabortable.writable.set()
    assert await receiving == {"type": "websocket.disconnect", "code": 4412}
    await closing
    assert unabortable.texts == ["websocket.close"]


async def test_what_the_server_raises_is_raised(unabortable):
    connection = Severable(unabortable.receive, unabortable.send)
    unabortable.failure = TimeoutError("the server's own")
    with pytest.raises(TimeoutError, match="the server's own"):
        await connection.send({"type": "websocket.send", "text": "a"})


async def test_a_cancelled_application_is_cancelled(unabortable):
    connection = Severable(unabortable.receive, unabortable.send)
    receiving = asyncio.create_task(connection.receive())
    await asyncio.sleep(1)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving


async def test_a_transport_sends_each_frame_once_and_can_abort(unabortable):
    receive, send = severable(unabortable.receive, unabortable.send)
    transport = Transport(send)
    for text in "abc":
        transport.send_text(text)
    transport.close(4408, "bye", abort_after=1)
    assert (await receive())["code"] == 4408
    assert unabortable.texts == ["a", "b", "c", "bye", "websocket.close"]


async def test_a_consumer_that_waits_in_send_for_a_dead_peer_gets_its_disconnect(unabortable):
    async def flood(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        unabortable.writable.clear()
        try:
            await send({"type": "websocket.send", "text": "x"})
        except OSError:
            ended.append("send")
        ended.append((await receive())["code"])

    ended = []
    unabortable.arrive({"type": "websocket.connect"})
    await open_wrapped(unabortable, flood)
    await asyncio.wait_for(unabortable.served, 60)
    assert ended[-1] == 4408


async def test_the_last_frames_go_out_before_an_application_returns(unabortable):
    unabortable.seconds_to_send = 0.3
    socket = await open_wrapped(unabortable, only_read)
    await asyncio.sleep(2)
    unabortable.say({"type": "ping", "nonce": "a heartbeat"})
    await unabortable.frame("pong")
    socket.drain(500)
    await unabortable.served
    assert unabortable.frames[-1] == {
        "type": "bye",
        "code": 4412,
        "reason": "restarting",
        "retry": True,
        "after": 500,
    }
    assert unabortable.close_code == 4412


async def test_gunicorns_own_worker_leaves_sends_waiting_so_it_gets_one_too():
    protocol_of_gunicorn = type("ASGIProtocol", (), {"__module__": "gunicorn.asgi.protocol"})

    class GunicornConnection(Connection):
        def get_protocol(self):
            return protocol_of_gunicorn()

    connection = GunicornConnection()
    _, send = severable(connection.receive, connection.send)
    assert send != connection.send
    await send({"type": "websocket.close"})
    assert connection.aborted_at is None
    find_abort(send)()  # The peer has not answered the close.
    assert connection.aborted_at is not None
