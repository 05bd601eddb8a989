"""What lost webhooks cost on a real server, with the simulated company and its words."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from calls.certainty import ANSWERING, MARGIN, RING, STARTING
from tests.conftest import Sites
from tests.processes.agent import Agent
from tests.processes.site import Site
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

PATIENCE = 8.0
"""Seconds for the sweep's second, its questions and two busy cores."""

BETWEEN = 0.2
"""Seconds between two looks at the list."""


class Desk:
    """Bob at his desk, and what the list of calls says."""

    def __init__(self, bob: Agent, me: int) -> None:
        self.bob = bob
        self.me = me

    def say(self, word: str) -> None:
        """Say a word to the simulated company."""
        self.bob.post(f"/calls/simulate/{word}/").raise_for_status()

    def call(self) -> Any:
        """Return the newest call of the list, None if there is none."""
        calls = self.bob.get("/calls/").json()["calls"]
        return calls[0] if calls else None

    async def becomes(self, seconds: float, **facts: Any) -> float:
        """Wait until the newest call is as ``facts`` say; return the seconds that it took."""
        begin = time.monotonic()
        while not self.shows(facts):
            took = time.monotonic() - begin
            assert took < seconds + PATIENCE, f"not {facts} after {took:.1f} s: {self.call()}"
            await asyncio.sleep(BETWEEN)
        return time.monotonic() - begin

    def shows(self, facts: dict[str, Any]) -> bool:
        call = self.call()
        return call is not None and facts.items() <= call.items()

    async def rings(self) -> None:
        """Have a call come in, and ring at bob's phone."""
        self.bob.post("/calls/simulate/").raise_for_status()
        await self.becomes(0, state="ringing", ringing=[self.me])

    def post(self, verb: str) -> int:
        """Have bob do something with the newest call, and return the status of the answer."""
        return self.bob.post(f"/calls/{self.call()['call']}/{verb}/").status_code


@asynccontextmanager
async def desk(site: Site) -> AsyncIterator[Desk]:
    """Open bob's desk, so that calls ring there."""
    bob = site.login("bob")
    async with wire(site, cookies=bob.cookie_header(), origin=site.url) as socket:
        me = (await socket.frame("welcome"))["me"]
        await socket.send({"type": "subscribe", "ref": 1, "stream": "desk"})
        await socket.frame("subscribed")
        event = await socket.frame("event", PATIENCE)  # From then on the others see him there.
        assert event["name"] == "realtime.presence"
        yield Desk(bob, int(me.removeprefix("user.")))


async def test_a_lost_answer_and_an_end_that_only_the_company_knows(site: Sites) -> None:
    async with desk(site()) as bob:
        await bob.rings()
        bob.say("lose-answered")
        assert bob.post("answer") == 202
        seconds = ANSWERING.total_seconds()
        person = {"id": bob.me, "name": "bob"}
        took = await bob.becomes(seconds, state="in-progress", answered_by=person)
        assert took > seconds / 2, "no webhook was lost"
        bob.say("lose-finals")
        bob.say("caller-hangs-up")
        assert bob.post("hangup") == 409  # The company says that the call is over.
        await bob.becomes(0, state="completed", outcome="answered")


async def test_the_server_is_killed_while_a_call_rings(site: Sites) -> None:
    server = site()
    async with desk(server) as bob:
        await bob.rings()
        server.kill()
        server.manage("simulate", "lose-finals")
        server.manage("simulate", "caller-hangs-up")
        server.start()
        await bob.becomes(STARTING.total_seconds(), outcome="gave-up")


async def test_a_company_that_is_away_while_a_call_should_have_ended(site: Sites) -> None:
    async with desk(site()) as bob:
        await bob.rings()
        for word in ("lose-finals", "rest-error", "caller-hangs-up"):
            bob.say(word)
        await bob.becomes((RING + MARGIN).total_seconds(), state="ringing", certain=False)
        bob.say("behave")
        await bob.becomes(8, outcome="gave-up", certain=True)
