"""From OPEN to CLOSING: who closes a wrapped socket, and what the other side sees."""

import asyncio

import pytest

from realtime.protocol.close_codes import CloseCode
from realtime.sockets.heartbeat_options import HeartbeatOptions
from tests.realtime.sockets.open_sockets import open_wrapped


@pytest.fixture
async def socket(connection, application):
    return await open_wrapped(connection, application)


def now():
    return asyncio.get_running_loop().time()


# The peer


async def test_a_peer_that_leaves_disconnects_the_application_after_its_frames(
    socket, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.say("waits")
    connection.leave(1001)
    await asyncio.sleep(0.1)
    application.is_free.set()
    assert await connection.served == "returned"
    assert application.received == ["taken already", "waits", 1001]
    assert connection.close_code is None


async def test_a_peer_that_has_left_is_not_pinged_while_the_application_is_busy(
    socket, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.leave()
    await asyncio.sleep(0.1)
    connection.sent.clear()
    await asyncio.sleep(100)
    assert connection.sent == []


async def test_every_receive_that_waits_gets_the_disconnect(connection):
    codes = []

    async def two_readers(scope, receive, send):
        await send({"type": "websocket.accept"})
        for message in await asyncio.gather(receive(), receive()):
            codes.append(message["code"])

    await open_wrapped(connection, two_readers)
    await asyncio.sleep(0.1)
    connection.leave(1001)
    await asyncio.wait_for(connection.served, 1)
    assert codes == [1001, 1001]


# This end


async def test_a_mute_peer_disconnects_the_application_before_all_that_waits(
    spoken, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.say("waits")
    connection.freeze()
    assert await connection.closed() == 4408
    application.is_free.set()
    assert await connection.served == "returned"
    assert application.received == ["taken already", 4408]


async def test_on_stale_comes_just_before_the_disconnect_of_a_mute_peer(connection, application):
    options = HeartbeatOptions(on_stale={"type": "heartbeat.stale"})
    await open_wrapped(connection, application, options)
    connection.freeze()
    await connection.served
    types = [message["type"] for message in application.messages]
    assert types == ["heartbeat.stale", "websocket.disconnect"]


async def test_on_stale_does_not_come_with_any_other_close(connection, application):
    options = HeartbeatOptions(on_stale={"type": "heartbeat.stale"})
    socket = await open_wrapped(connection, application, options)
    socket.close(CloseCode.RESTARTING)
    await connection.served
    assert application.received == [4412]


async def test_a_peer_without_a_heartbeat_is_closed_without_a_bye(socket, connection, application):
    connection.freeze()
    connection.say('{"nonce": "but no heartbeat"}')
    assert await connection.closed() == 4408
    assert not [frame for frame in connection.frames if frame["type"] == "bye"]


async def test_a_drain_disconnects_the_application(spoken, connection, application):
    spoken.drain(700)
    assert (await connection.frame("bye"))["after"] == 700
    await connection.served
    assert application.received == [4412]


async def test_what_the_application_sends_to_a_peer_that_was_closed_is_dropped(
    spoken, connection, application
):
    spoken.close(CloseCode.DISCONNECTED)
    await connection.closed()
    sent = list(connection.sent)
    await application.send({"type": "websocket.send", "text": "too late"})
    await application.send({"type": "websocket.close"})
    assert connection.sent == sent


async def test_an_application_that_never_reads_keeps_its_peer(connection):
    async def never_reads(scope, receive, send):
        await send({"type": "websocket.accept"})
        for number in range(30):
            await asyncio.sleep(5)
            await send({"type": "websocket.send", "text": str(number)})

    await open_wrapped(connection, never_reads)
    await connection.served
    assert len(connection.pinged_at) >= 14
    assert connection.sent[-2:] == [
        {"type": "websocket.send", "text": "29"},
        {"type": "websocket.close", "code": 1000},
    ]


async def test_a_send_that_waits_for_a_peer_which_is_given_up_raises_nothing(
    connection, application
):
    await open_wrapped(connection, application)
    connection.freeze()
    connection.writable.clear()
    sending = asyncio.create_task(application.send({"type": "websocket.send", "text": "a"}))
    await asyncio.sleep(30)
    assert connection.aborted_at is not None
    connection.is_gone = True
    connection.writable.set()
    await sending


async def test_a_send_to_a_peer_that_has_left_raises_as_the_server_does(
    socket, connection, application
):
    connection.is_gone = True
    with pytest.raises(OSError, match="client disconnected"):
        await application.send({"type": "websocket.send", "text": "a"})


# The application


async def test_a_close_of_the_application_ends_the_heartbeat(connection, application):
    await open_wrapped(connection, application)
    closed_at = now()
    await application.send({"type": "websocket.close", "code": 4001})
    connection.freeze()
    await asyncio.sleep(9)
    assert connection.texts[-1] == "websocket.close"
    assert connection.close_code == 4001
    assert connection.aborted_at is None
    await asyncio.sleep(100)
    assert connection.pinged_at == []
    assert connection.aborted_at == pytest.approx(closed_at + 10)


async def test_the_peers_answer_to_that_close_disconnects_the_application(
    socket, connection, application
):
    await application.send({"type": "websocket.close", "code": 4001})
    connection.say({"type": "ping", "nonce": "crossed the close"})
    connection.say("so did this")
    connection.leave(4001)
    assert await connection.served == "returned"
    assert application.received == ["so did this", 4001]
    assert connection.texts[-1] == "websocket.close"


async def test_a_socket_that_the_application_closes_is_not_drained(connection, application):
    socket = await open_wrapped(connection, application)
    await application.send({"type": "websocket.close", "code": 4001})
    socket.drain(100)
    socket.close(CloseCode.STALE)
    assert [m for m in connection.sent if m["type"] == "websocket.close"] == [
        {"type": "websocket.close", "code": 4001}
    ]


@pytest.mark.parametrize("returned", [None, "something"])
async def test_an_application_that_returns_without_closing_is_closed(connection, returned):
    async def brief(scope, receive, send):
        await send({"type": "websocket.accept"})
        return returned

    await open_wrapped(connection, brief)
    assert await connection.served == returned
    assert connection.sent[-1] == {"type": "websocket.close", "code": 1000}
    sent = list(connection.sent)
    await asyncio.sleep(100)
    assert connection.sent == sent


async def test_an_application_that_fails_leaves_its_failure_to_the_server(connection):
    async def fail(scope, receive, send):
        await send({"type": "websocket.accept"})
        await asyncio.sleep(0.1)
        raise ZeroDivisionError

    await open_wrapped(connection, fail)
    with pytest.raises(ZeroDivisionError):
        await connection.served
    connection.sent.clear()
    await asyncio.sleep(100)
    assert connection.sent == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
