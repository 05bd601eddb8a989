"""The company plays in real servers: it outlives them, and several don't play a step twice."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.processes.agent import Agent
from tests.processes.site import Sites
from tests.processes.waiting import wait_until

PATIENCE = 60.0
"""Seconds; a message takes ten, on a machine that does nothing else."""
MOVE = re.compile(r"simulator leg=(\w+) state=([\w-]+)")

pytestmark = pytest.mark.processes


def calls(agent: Agent) -> list[dict[str, Any]]:
    return list(agent.get("/calls/").json()["calls"])


def call_in(agent: Agent) -> None:
    known = len(calls(agent))
    agent.post("/calls/simulate/").raise_for_status()
    wait_until(lambda: len(calls(agent)) > known, PATIENCE, "a call comes in")


def wait_until_over(agent: Agent) -> None:
    over = {"completed", "failed"}
    wait_until(
        lambda: {call["state"] for call in calls(agent)} <= over, PATIENCE, "all calls are over"
    )


def test_a_call_outlives_the_server(site: Sites) -> None:
    server = site()
    alice = server.login("alice")
    call_in(alice)
    server.kill()
    server.start()
    wait_until_over(server.login("alice"))
    (call,) = calls(server.login("alice"))
    assert (call["state"], call["outcome"]) == ("completed", "nobody-there")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_servers_play_each_step_once(
    site: Sites, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    first = site(database_url=url)
    second = site(database_url=first.database_url)
    alice, bob = first.login("alice"), second.login("bob")
    for _ in range(3):
        call_in(alice)
        call_in(bob)
    wait_until_over(alice)
    moves = Counter(MOVE.findall(first.log() + second.log()))
    assert len({leg for leg, _ in moves}) == 6
    assert set(moves.values()) == {1}
    assert (first.log() + second.log()).count("POST /calls/twilio/voice/") == 6
