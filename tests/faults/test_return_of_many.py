"""A thousand sockets of one stream that come back together cost a handful of log reads."""

import asyncio
import json
import logging

import pytest
from django.contrib.auth import get_user_model

from realtime import publish
from realtime.consumers import RealtimeConsumer
from realtime.eventlog import event_log
from realtime.eventlog.database.log import DatabaseEventLog
from tests.processes.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)  # Its threads use connections of their own.

SOCKETS = 1000
MISSED = 5
MAX_READS = 12  # 6, and 14 by a real clock: one check holds for a quarter of a second.


class CountingLog(DatabaseEventLog):
    """The real log, which counts its calls."""

    def __init__(self):
        super().__init__()
        self.called = []

    def positions(self, streams):
        self.called.append("positions")
        return super().positions(streams)

    def read(self, after, limit):
        self.called.append("read")
        return super().read(after, limit)


class Peer:
    """An ASGI server's side of one socket, which sends everything it has immediately."""

    def __init__(self, user, stream, after):
        subscribe = {"type": "subscribe", "ref": 1, "stream": stream, "after": after}
        self.frames = []
        self._user = user
        self._incoming = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self._incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(subscribe)})

    async def run(self, delay):
        await asyncio.sleep(delay)
        scope = {"type": "websocket", "headers": [], "subprotocols": [], "user": self._user}
        await RealtimeConsumer.as_asgi()(scope, self._incoming.get, self._send)

    async def _send(self, message):
        frame = json.loads(message.get("text", "{}"))
        if frame.get("type") in ("subscribed", "event"):
            self.frames.append(frame)

    def leave(self):
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})


async def test_many_sockets_in_the_same_second_cost_a_handful_of_reads(settings, caplog):
    caplog.set_level(logging.WARNING)
    settings.REALTIME = {
        "EVENT_LOG": {"BACKEND": f"{__name__}.{CountingLog.__name__}"},
        "MAX_SOCKETS_PER_USER": SOCKETS,
        "MAX_CONNECTIONS_PER_SECOND": SOCKETS,
        "HEARTBEAT_TIMEOUT": 60,  # Nobody answers.
    }
    user = await get_user_model().objects.acreate(username="alice")
    stream = f"user.{user.pk}"
    log = event_log()
    epoch = (await asyncio.to_thread(log.positions, [stream]))[stream].epoch
    for number in range(MISSED):
        await asyncio.to_thread(publish, stream, "missed", number)
    log.called.clear()
    peers = [Peer(user, stream, {"epoch": epoch, "offset": 0}) for _ in range(SOCKETS)]
    tasks = [
        asyncio.create_task(peer.run(delay=number / SOCKETS)) for number, peer in enumerate(peers)
    ]
    await until(lambda: all(len(peer.frames) >= 1 + MISSED for peer in peers), 15, "all have all")
    assert len(log.called) <= MAX_READS, log.called
    for peer in peers:
        peer.leave()
    await asyncio.wait(tasks)
    for peer in peers:
        subscribed, *events = peer.frames
        assert subscribed["recovered"]
        assert [event["data"] for event in events] == list(range(MISSED))
