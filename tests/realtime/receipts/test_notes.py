"""A pong that proves that a socket received an event is noted, and settles the deadline."""

import asyncio
from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from realtime import apublish, areceipt
from realtime.concurrency.threads import run_sync
from realtime.consumers import RealtimeConsumer
from realtime.models.receipts import Deadline, Receipt
from realtime.receipts import DeadlineState
from realtime.receipts import notes as module
from realtime.receipts.notes import running_notes
from realtime.sockets.drain import running_drain
from realtime.socketshark import SocketSharkMiddleware
from realtime.streams import Mode, Stream, register
from realtime.testing import RealtimeCommunicator

application = RealtimeConsumer.as_asgi()


@register("parcel")
class Parcel(Stream):
    async def authorize(self, user):
        return True


@register("depot")
class Depot(Parcel):
    """A stream whose followers select."""

    fields = ("area",)
    extra = ("area",)


@register("newest_parcel")
class NewestParcel(Parcel):
    mode = Mode.CACHE


@pytest.fixture(autouse=True)
def written_soon(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 0)
    monkeypatch.setattr(module, "RETRY", 0.01)


def connected(user):
    return RealtimeCommunicator(application, user=user)


async def sockets_of(event_id):
    """Return the sockets that have received an event, when all that was noted is written."""
    await running_notes().written()
    return sorted(proof.socket for proof in (await areceipt(event_id)).received)


async def received_by(event_id, *sockets):
    """Wait until exactly these sockets have received an event."""
    wanted = sorted(socket.welcome["socket"] for socket in sockets)
    found = None
    for _ in range(400):
        if (found := await sockets_of(event_id)) == wanted:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{found} have received it, not {wanted}")


async def test_each_socket_that_proves_it_is_noted_and_the_deadline_settled(log, alice):
    async with connected(alice) as phone, connected(alice) as desk:
        await phone.subscribe()
        await desk.subscribe()
        event_id = await apublish(alice, "n", within=3)
        await received_by(event_id, phone, desk)
        found = await areceipt(event_id)
        assert (found.deadline, found.is_received) == (DeadlineState.RECEIVED, True)
        assert {proof.user for proof in found.received} == {phone.me}
        assert (await Deadline.objects.aget()).data == ""


async def test_a_socket_that_is_cut_proves_nothing(log, alice):
    async with connected(alice) as cut, connected(alice) as desk:
        await cut.subscribe()
        await desk.subscribe()
        cut.go_silent()
        event_id = await apublish(alice, "n", within=3)
        await received_by(event_id, desk)
        # It was handed out there, too.
        assert (await cut.event("n"))["id"] == event_id
        assert len(await sockets_of(event_id)) == 1
        cut.resume()
        await received_by(event_id, cut, desk)


async def test_a_pong_to_an_earlier_ping_proves_nothing(log, alice):
    async with connected(alice) as socket:
        await socket.subscribe()
        socket.go_silent()
        first = await apublish(alice, "n", within=3)
        await socket.event("n")
        ping = await socket.frame("ping")  # Behind the first, and before the second.
        second = await apublish(alice, "n", within=3)
        await socket.event("n")
        await socket.send_frame({"type": "pong", "nonce": ping["nonce"]})
        await received_by(first, socket)
        assert await sockets_of(second) == []


async def test_events_without_a_deadline_bring_no_pings(log, alice, monkeypatch):
    pings = []
    monkeypatch.setattr("realtime.sockets.keepalive.Keepalive.ping", lambda self: pings.append(1))
    async with connected(alice) as socket:
        await socket.subscribe()
        await apublish(alice, "n")
        await socket.event("n")
        assert pings == []
        await apublish([alice, "parcel.1"], "n", within=3)
        await socket.event("n")
        await asyncio.sleep(0)
        assert len(pings) == 1


async def test_a_replay_is_noted_too(log, alice):
    async with connected(alice) as socket:
        subscribed = await socket.subscribe("parcel.1")
    event_id = await apublish("parcel.1", "n", within=3)
    async with connected(alice) as again:
        after = {"epoch": subscribed["epoch"], "offset": subscribed["offset"]}
        await again.subscribe("parcel.1", after=after)
        assert (await again.event("n"))["replayed"]
        await received_by(event_id, again)


@pytest.mark.parametrize("stream", ["depot.1", "newest_parcel.1"])
async def test_who_selects_proves_what_was_selected(log, alice, stream):
    extra = {"area": "north"} if stream == "depot.1" else None
    async with connected(alice) as socket:
        await socket.subscribe(stream, extra=extra)
        ours = await apublish(stream, "n", {"area": "north"}, within=3)
        await socket.event("n")
        await received_by(ours, socket)
        if extra:
            others = await apublish(stream, "n", {"area": "south"}, within=3)
            await socket.no_event()
            assert await sockets_of(others) == []


async def test_who_is_excluded_receives_nothing(log, alice):
    async with connected(alice) as socket, connected(alice) as other:
        await socket.subscribe()
        await other.subscribe()
        event_id = await apublish(alice, "n", exclude=socket.welcome["socket"], within=3)
        await received_by(event_id, other)


async def test_a_client_whose_pings_something_else_answers_proves_nothing(log, alice):
    scopes = []

    async def noting(scope, receive, send):
        scopes.append(scope)

    await SocketSharkMiddleware(noting)({"type": "websocket"}, None, None)

    async def wrapped(scope, receive, send):
        await application({**scope, **scopes[0]}, receive, send)

    async with RealtimeCommunicator(wrapped, user=alice) as shark, connected(alice) as socket:
        await shark.subscribe()
        await socket.subscribe()
        event_id = await apublish(alice, "n", within=3)
        await shark.event("n")
        await shark.no_event()
        await received_by(event_id, socket)


async def test_writes_that_fail_are_tried_again(log, alice, monkeypatch, caplog):
    failures = [OperationalError("away")] * 3
    write = module.write

    def failing(batch):
        if failures:
            raise failures.pop()
        write(batch)

    monkeypatch.setattr(module, "write", failing)
    async with connected(alice) as socket:
        await socket.subscribe()
        event_id = await apublish(alice, "n", within=3)
        await received_by(event_id, socket)
    assert caplog.text.count("receipts not written reason=OperationalError('away')") == 1
    assert caplog.text.count("receipts written again") == 1


async def test_a_drain_waits_until_they_are_written(log, alice, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 0.1)
    async with connected(alice) as socket:
        await socket.subscribe()
        event_id = await apublish(alice, "n", within=3)
        await socket.event("n")
        await socket.no_event()  # By then its pong has come, too.
    await running_drain().start()
    assert (await areceipt(event_id)).is_received


async def test_the_same_receipts_again_change_nothing(log, alice):
    event_id = await apublish(alice, "n", within=3)
    now = datetime.now(UTC)
    rows = [Receipt(event_id=event_id, socket=socket, received_at=now) for socket in "ab"]
    for _ in range(2):
        await run_sync(module.write, rows)
    assert await sockets_of(event_id) == ["a", "b"]
