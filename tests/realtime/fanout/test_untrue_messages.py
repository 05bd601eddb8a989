"""Sound messages that are untrue, in any order and among true ones, at a hub over a real log."""

import asyncio
import json

from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.eventlog import Draft, LoggedEvent, event_log
from realtime.fanout.hub import Hub
from realtime.layer.messages import ephemeral_messages, logged_messages
from tests.realtime.fanout.faulty_log import FaultyLog
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.realtime.layer.broker import Broker
from tests.virtual_time import VirtualTimeLoop

STREAM = "user.1"
FAR = 10**6
LONG = 30.0
"""Seconds in which every feed is checked several times."""

EPOCHS = st.sampled_from(["present", "first", "-", "never", "x" * 200])
BEYOND = st.integers(FAR, 2**63 - 1)
TRUE_STEPS = st.sampled_from(
    ["publish", "publish late", "repeat", "ephemeral", "wait", "wait long"]
)
UNTRUE_BUT_NEVER_THE_NEXT = st.one_of(
    st.tuples(st.just("present"), st.integers(1, 3).map(lambda number: -number) | BEYOND),
    st.tuples(EPOCHS.filter(lambda epoch: epoch not in ("present", "first")), st.integers(1, 5)),
)
UNTRUE = st.tuples(EPOCHS, st.integers(-3, 4) | BEYOND)


class RestartingFollower(RecordingFollower):
    """Goes on from the feed's position after a reset, as a subscription does."""

    def __init__(self):
        super().__init__()
        self.feed = None
        self.start = 0

    def reset(self):
        super().reset()
        asyncio.get_running_loop().call_soon(self.go_live)

    def go_live(self):
        self.start = self.feed.position.offset
        self.got.clear()
        self.feed.followers.go_live(self)


class Play:
    """Plays steps to a hub; what was published is numbered from 1 on, as its offsets are."""

    def __init__(self):
        self.log = event_log()
        self.hub = Hub()
        self.follower = RestartingFollower()
        self.published = []
        self.late = []
        self.typed = 0

    async def begin(self):
        self.follower.feed = await self.hub.follow(STREAM, self.follower)
        self.follower.go_live()
        self.first_epoch = self.follower.feed.position.epoch

    async def step(self, step):
        if isinstance(step, tuple):
            self.lie(*step)
        elif step in ("publish", "publish late"):
            [event] = self.log.write(STREAM, len(self.published) + 1)
            self.published.append(event)
            self.broadcast(event) if step == "publish" else self.late.append(event)
        elif step == "repeat" and self.published:
            self.broadcast(self.published[-1])
        elif step == "ephemeral":
            self.type()
        elif step.startswith("wait"):
            await asyncio.sleep(20 if step == "wait long" else 0.04)

    def lie(self, epoch, offset):
        """Broadcast an event that is not in the log; up to ``FAR``, offsets count from the top."""
        position = self.follower.feed.position
        names = {"present": position.epoch, "first": self.first_epoch}
        if offset < FAR:
            offset = max(1, position.offset + offset + (1 if offset < 0 else 0))
            if offset > position.offset and epoch == "present" and self.truthful:
                return  # There is nothing yet that it could contradict.
        draft = Draft(f"untrue {offset}", "n", '"untrue"', 1)
        self.broadcast(LoggedEvent.of(draft, STREAM, names.get(epoch, epoch), offset))

    def broadcast(self, event):
        for _, message in logged_messages([event]):
            self.hub.deliver(message)

    def type(self):
        self.typed += 1
        draft = Draft("id", "n", json.dumps(f"typed {self.typed}"), 1)
        for _, message in ephemeral_messages([STREAM], draft):
            self.hub.deliver(message)

    async def end(self):
        """Let all arrive that was late, and then one event more of each kind."""
        for event in self.late:
            self.broadcast(event)
        await asyncio.sleep(LONG)
        await self.step("publish")
        self.type()
        await asyncio.sleep(0.01)
        assert self.follower.got[-1] == f"typed {self.typed}", "ephemeral events go on"
        [kept] = (await self.log.read({STREAM: 0}, FAR)).values()
        assert [event.id for event in kept.events] == [event.id for event in self.published]
        return [one for one in self.follower.got if not str(one).startswith("typed")]


def play(steps, *, truthful):
    """Return what the follower has got since it last started again, and the play."""

    async def run():
        one = Play()
        one.truthful = truthful
        await one.begin()
        for step in steps:
            await one.step(step)
        return await one.end(), one

    backend = f"{FaultyLog.__module__}.{FaultyLog.__qualname__}"
    with (
        override_settings(
            CHANNEL_LAYERS=Broker().settings, REALTIME={"EVENT_LOG": {"BACKEND": backend}}
        ),
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
    ):
        return runner.run(run())


@settings(max_examples=25, deadline=None)
@given(st.lists(TRUE_STEPS | UNTRUE_BUT_NEVER_THE_NEXT, max_size=25))
def test_the_log_is_handed_out_in_order_and_once_whatever_else_is_said_of_it(steps):
    got, one = play(steps, truthful=True)
    assert got == list(range(1, len(one.published) + 1))
    assert one.follower.start == 0, "nobody had to start again"
    assert one.follower.feed.position.epoch == one.first_epoch


@settings(max_examples=25, deadline=None)
@given(st.lists(TRUE_STEPS | UNTRUE, max_size=25))
def test_who_was_handed_something_untrue_starts_again_from_what_the_log_holds(steps):
    got, one = play(steps, truthful=False)
    assert got == list(range(one.follower.start + 1, len(one.published) + 1))
