"""A right ends at every step of a subscription's life: nothing of the stream is sent after that.

Hub, feed, log, socket and transport are the real ones; the ASGI server's ``send`` is the edge.
"""

import asyncio
import contextlib
import json
from types import SimpleNamespace

import pytest

from realtime.access.login import Login
from realtime.eventlog import Draft, event_log
from realtime.layer.broadcast import abroadcast
from realtime.layer.messages import ephemeral_messages, logged_messages
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Mode, Stream, register
from realtime.subscriptions.commands import Commands

LIMIT = 4096
"""Bytes in flight: a replay fills the socket."""
LONG_TEXT = "x" * (LIMIT // 5)
STEPS = 80
"""Turns of the event loop in which all of the scenario has happened."""
STRIDE = 9
"""Turns between two tries, where most awaits are the same as where each turn is tried."""


@register("watched")
class Watched(Stream):
    """A stream whose application takes its time, and does not let itself be cancelled."""

    presence = True
    refused = set()
    """The names of those that nobody may follow any more."""

    async def authorize(self, user):
        allowed = self.name not in self.refused
        await turns(2)
        return allowed

    async def snapshot(self, user):
        with contextlib.suppress(asyncio.CancelledError):
            await turns(4)
        return "a picture"

    async def presence_meta(self, user, wanted):
        await turns(1)
        return wanted


@register("selected")
class Selected(Watched):
    """Its followers get some of the events, and some of them later."""

    fields = ("to",)
    throttle = 1.0

    async def field_values(self, user):
        await turns(2)
        return {"to": "me"}


@register("newest")
class Newest(Selected):
    presence = False
    mode = Mode.CACHE


class Server:
    """The ASGI server's end: its ``send`` is a coroutine, or it makes a task of its own."""

    def __init__(self, way):
        self.taken = []
        """The frames that were handed to it."""
        self.reads = asyncio.Event()
        """Unset, the peer does not read, and ``send`` waits with the frame that it was handed."""
        self.reads.set()
        self.socket = RealtimeSocket(self._in_task if way == "in tasks" else self._send)
        self.socket.welcome(Login(SimpleNamespace(pk=1)), "user.1")

    async def _send(self, message):
        await self._finish(self._take(message))

    def _in_task(self, message):
        return asyncio.ensure_future(self._finish(self._take(message)))

    def _take(self, message):
        frame = json.loads(message["text"]) if "text" in message else message
        self.taken.append(frame)
        return frame

    async def _finish(self, frame):
        await self.reads.wait()
        if frame["type"] == "ping":
            pong = json.dumps({"type": "pong", "nonce": frame["nonce"]})
            asyncio.get_running_loop().call_soon(self.socket.received, pong, None)


class Scenario:
    """A socket subscribes to a stream, and much happens in the stream meanwhile."""

    def __init__(self, stream, log, hub, way, resumes):
        self.stream = stream
        self._log = log
        self._hub = hub
        self.server = Server(way)
        self.commands = Commands(self.server.socket, hub)
        log.write(stream, *(f"{number}{LONG_TEXT}" for number in range(6)))
        after = log.start(stream)._asdict() if resumes else None
        frame = {"type": "subscribe", "stream": stream, "ref": 7, "after": after}
        self._tasks = [
            asyncio.create_task(self.commands.run(frame)),
            asyncio.create_task(self._publish()),
        ]

    async def _publish(self):
        """Ephemeral events, of which some are held, live ones, a lost log, and live ones again."""
        await turns(12)
        await self._type()
        for number in range(3):
            await turns(12)
            live = self._log.write(self.stream, f"live {number}", {"to": "you"})
            await abroadcast(logged_messages(live))
            await self._type()
        self._log.forget(self.stream)
        await abroadcast(logged_messages(self._log.write(self.stream, "new")))
        await self._hub.check()
        await turns(15)
        await abroadcast(logged_messages(self._log.write(self.stream, *"abc")))

    async def _type(self):
        draft = Draft("id", "typing", "{}", 1)
        await abroadcast(ephemeral_messages([self.stream], draft))

    def withdraw(self):
        """Have the stream refuse from now on, and the right be asked for."""
        Watched.refused.add(self.stream)
        self.commands.reauthorize()

    @property
    def has_happened(self):
        return all(task.done() for task in self._tasks)

    @property
    def shown(self):
        """The kinds of the frames with something of the stream, each with its place."""
        return [
            (at, frame["type"])
            for at, frame in enumerate(self.server.taken)
            if frame.get("stream") == self.stream and frame["type"] != "unsubscribed"
        ]

    def shown_after(self, place):
        return [kind for at, kind in self.shown if at >= place]

    @property
    def ends(self):
        """Where the client got to know that it does not follow the stream."""
        return [
            at
            for at, one in enumerate(self.server.taken)
            if "forbidden" in (one.get("code"), one.get("reason"))
        ]

    async def finish(self):
        """Let all happen that will, and end the socket."""
        await asyncio.gather(*self._tasks)
        await asyncio.sleep(5)
        self.commands.end()
        self.server.socket.disconnected()


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def log(settings, log):
    settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
    return event_log()


@pytest.fixture(
    params=[
        ("watched", "stepped"),
        ("watched", "in tasks"),
        ("selected", "stepped"),
        ("newest", "stepped"),
    ],
    ids=" ".join,
)
def kind(request):
    """The kind of stream, and the way in which the server takes frames."""
    return request.param


@pytest.fixture(params=[True, False], ids=["resumes", "begins"])
def resumes(request):
    return request.param


@pytest.fixture
async def at_each_step(log, hub, kind, resumes, caplog):
    """Return scenarios, each of which has run for one step more than the one before it."""
    caplog.set_level("WARNING", "realtime")
    prefix, way = kind
    stride = 1 if kind == ("watched", "stepped") else STRIDE

    async def scenarios(before=lambda scenario: None):
        for step in range(1, STEPS, stride):
            scenario = Scenario(f"{prefix}.{step}", log, hub, way, resumes)
            before(scenario)
            await turns(step)
            yield scenario

    yield scenarios
    Watched.refused.clear()


async def test_the_scenario_has_all_kinds_of_frames(log, hub, kind, resumes):
    prefix, way = kind
    scenario = Scenario(f"{prefix}.1", log, hub, way, resumes)
    await turns(STEPS)
    assert scenario.has_happened
    kinds = [kind for _, kind in scenario.shown]
    await scenario.finish()
    assert kinds[0] == "subscribed" and kinds[-1] == "event" and "reset" in kinds
    assert "typing" in {frame.get("name") for frame in scenario.server.taken}
    is_replayed = any(frame.get("replayed") for frame in scenario.server.taken)
    assert is_replayed is (resumes or prefix == "newest")
    assert scenario.ends == []


async def test_after_the_end_of_a_right_nothing_of_the_stream_comes(at_each_step):
    async for scenario in at_each_step():
        scenario.withdraw()
        await scenario.finish()
        (end,) = scenario.ends
        assert scenario.shown_after(end) == [], scenario.stream
        was_answered = "subscribed" in dict(map(reversed, scenario.shown))
        kind = scenario.server.taken[end]["type"]
        assert kind == ("unsubscribed" if was_answered else "error"), scenario.stream


async def test_nothing_is_handed_over_from_that_very_moment_on(at_each_step):
    async for scenario in at_each_step():
        scenario.commands.right_ended(scenario.stream, "forbidden")
        place = len(scenario.server.taken)
        await scenario.finish()
        assert scenario.shown_after(place) == [], scenario.stream
        assert len(scenario.ends) == 1, scenario.stream


async def test_a_peer_that_does_not_read_gets_the_end_in_place_of_what_waits(at_each_step):
    async for scenario in at_each_step(lambda scenario: scenario.server.reads.clear()):
        scenario.commands.right_ended(scenario.stream, "forbidden")
        place = len(scenario.server.taken)
        await turns(5)
        scenario.server.reads.set()
        await scenario.finish()
        assert scenario.shown_after(place) == [], scenario.stream
        assert len(scenario.ends) == 1, scenario.stream


@pytest.mark.parametrize("kind", [("watched", "stepped")])
async def test_a_socket_that_has_ended_is_handed_nothing_more(at_each_step):
    async for scenario in at_each_step():
        scenario.commands.end()
        place = len(scenario.server.taken)
        await scenario.finish()
        assert scenario.shown_after(place) == [], scenario.stream
