"""The transport against a server whose ``send`` blocks when its peer does not read."""

import asyncio

import pytest

from realtime.sockets.transport import Transport
from tests.realtime.sockets.connection import Connection


@pytest.fixture
async def transport(connection):
    return Transport(connection.send)


async def test_what_can_go_out_goes_out_before_send_returns(transport, connection):
    transport.send_text("a")
    assert connection.texts == ["a"]


async def test_what_would_block_is_sent_later_in_order_and_once(transport, connection):
    connection.writable.clear()
    for text in "abc":
        transport.send_text(text)
    await asyncio.sleep(1)
    assert connection.texts == []
    connection.writable.set()
    transport.send_text("d")
    await asyncio.sleep(1)
    transport.send_text("e")
    assert connection.texts == ["a", "b", "c", "d", "e"]


async def test_a_close_sends_its_last_frame_and_nothing_comes_after_it(transport, connection):
    transport.close(4408, "bye", abort_after=60)
    transport.send_text("too late")
    transport.close(4413, "again", abort_after=60)
    await asyncio.sleep(1)
    assert connection.texts == ["bye", "websocket.close"]
    assert connection.close_code == 4408
    assert connection.aborted_at is None


async def test_the_connection_is_aborted_when_the_time_for_a_close_is_over(transport, connection):
    began = asyncio.get_running_loop().time()
    transport.close(4408, abort_after=60)
    await asyncio.sleep(100)
    assert connection.texts == ["websocket.close"]
    assert connection.aborted_at == began + 60


async def test_a_peer_that_does_not_read_is_cut_off(transport, connection):
    connection.writable.clear()
    transport.send_text("a")
    transport.close(4413, "bye", abort_after=60)
    assert connection.aborted_at == asyncio.get_running_loop().time()
    connection.writable.set()
    await asyncio.sleep(1)
    assert connection.texts == []


async def test_a_last_frame_that_blocks_holds_up_the_close_until_the_abort(transport, connection):
    connection.writable.clear()
    began = asyncio.get_running_loop().time()
    transport.close(4413, "bye", abort_after=1)
    await asyncio.sleep(5)
    assert connection.aborted_at == began + 1
    assert connection.texts == []


async def test_an_abort_sends_nothing_more(transport, connection):
    connection.writable.clear()
    transport.send_text("a")
    transport.abort()
    transport.send_text("b")
    connection.writable.set()
    await asyncio.sleep(1)
    assert connection.texts == []
    assert transport.closing


async def test_nothing_is_sent_after_the_end_of_the_connection(transport, connection):
    transport.stop()
    transport.send_text("a")
    transport.close(4408, "bye", abort_after=1)
    await asyncio.sleep(5)
    assert connection.texts == []
    assert connection.aborted_at is None


class FailingConnection(Connection):
    """Fails to send the first message."""

    has_failed = False

    async def send(self, message):
        await self.writable.wait()
        if not self.has_failed:
            self.has_failed = True
            raise AssertionError("a fault of the server")
        await super().send(message)


@pytest.mark.parametrize("blocks", [False, True])
async def test_a_server_that_fails_to_send_has_its_connection_aborted(caplog, blocks):
    connection = FailingConnection()
    if blocks:
        connection.writable.clear()
    transport = Transport(connection.send)
    transport.send_text("a")
    transport.send_text("b")
    connection.writable.set()
    await asyncio.sleep(1)
    assert connection.aborted_at is not None
    assert connection.texts == []
    assert "send failed error=AssertionError('a fault of the server')" in caplog.text


@pytest.mark.parametrize("blocks", [False, True])
async def test_a_peer_that_has_left_ends_the_transport_without_a_word(
    transport, connection, caplog, blocks
):
    if blocks:
        connection.writable.clear()
    connection.is_gone = True
    transport.send_text("a")
    transport.send_text("b")
    connection.writable.set()
    await asyncio.sleep(1)
    assert transport.closing
    assert connection.texts == []
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


def is_odd(text):
    return text.endswith("odd")


async def test_what_waits_can_be_dropped_but_not_what_is_being_sent(transport, connection):
    connection.writable.clear()
    for text in ("1 odd", "2", "3 odd", "4"):
        transport.send_text(text)
    transport.drop_waiting(is_odd)
    connection.writable.set()
    await asyncio.sleep(1)
    transport.drop_waiting(is_odd)
    transport.send_text("5 odd")
    assert connection.texts == ["1 odd", "2", "4", "5 odd"]


@pytest.mark.parametrize("in_tasks", [False, True])
async def test_a_patient_close_lets_a_slow_peer_know_the_code(connection, in_tasks):
    def as_future(message):
        return asyncio.ensure_future(connection.send(message))

    transport = Transport(as_future if in_tasks else connection.send)
    connection.writable.clear()
    for text in ("on its way", "waits", "waits too"):
        transport.send_text(text)
    transport.drop_waiting(lambda text: True)
    transport.close_patiently(4504, "bye", abort_after=10)
    transport.send_text("too late")
    await asyncio.sleep(5)
    connection.writable.set()
    await asyncio.sleep(1)
    assert connection.texts == ["on its way", "bye", "websocket.close"]
    assert connection.close_code == 4504


async def test_a_patient_close_ends_too(transport, connection):
    began = asyncio.get_running_loop().time()
    connection.writable.clear()
    transport.send_text("a")
    transport.close_patiently(4504, "bye", abort_after=10)
    await asyncio.sleep(60)
    assert connection.texts == []
    assert connection.aborted_at == began + 10
