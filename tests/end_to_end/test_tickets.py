"""Tickets on real servers: used once by all of them, replaced when they end."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
import requests

from tests.processes.programs import lacking, program
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.tickets_settings"}
PAGE = Path(__file__).with_name("tickets_page.js")
WS = PAGE.parents[1] / "js/node_modules/ws"

AT_ONE_TIME = 8
"""Sockets that try the same ticket together, half of them on each server."""


async def answer(site, ticket, at):
    """Open a socket with the ticket, in one of the two ways; return its first frame."""
    offered = ["realtime.v1", *([f"realtime.ticket.{ticket}"] if at % 2 else [])]
    async with wire(site, subprotocols=offered) as socket:
        if at % 2 == 0:
            await socket.send({"type": "authenticate", "ticket": ticket})
        frame = await socket.frame()
        return frame.get("code", frame["type"])


async def test_of_all_sockets_on_two_servers_one_gets_in_by_a_ticket(site, postgres_url):
    one = site("daphne", database_url=postgres_url, env=SETTINGS)
    other = site("uvicorn", database_url=postgres_url, env=SETTINGS)
    alice = one.login("alice")
    for _ in range(3):
        ticket = alice.post("/ticket/").json()["ticket"]
        tries = [answer((one, other)[n // 2 % 2], ticket, n) for n in range(AT_ONE_TIME)]
        answers = await asyncio.gather(*tries)
        assert sorted(map(str, answers)) == ["4401"] * (AT_ONE_TIME - 1) + ["welcome"]
    assert "Traceback" not in one.log() + other.log()


async def test_the_view_gives_tickets_to_users_of_its_own_pages_until_they_log_out(site):
    served = site("uvicorn", env=SETTINGS)
    alice = served.login("alice")
    given = alice.post("/ticket/")
    assert "no-store" in given.headers["Cache-Control"]
    async with wire(served) as socket:
        await socket.send({"type": "authenticate", "ticket": given.json()["ticket"]})
        await socket.frame("welcome")
        await asyncio.to_thread(alice.post, "/logout/")
        assert await socket.closed() == 4504
    without_token = {"Cookie": alice.cookie_header()}
    refused = await asyncio.to_thread(
        requests.post, f"{served.url}/ticket/", headers=without_token, timeout=10
    )
    assert refused.status_code == 403
    assert await answer(served, "forged", 0) == 4501


def test_a_client_whose_token_ends_fetches_another_and_misses_nothing(site):
    if not WS.exists():
        lacking("ws is not installed")
    served = site("uvicorn", app="tests.end_to_end.served:application", env=SETTINGS)
    cookies = served.login("alice").cookie_header()
    page = [program("node"), str(PAGE), f"{served.ws_url}/realtime/", served.url, cookies]
    done = subprocess.run(page, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["offsets"] == list(range(1, 61))
    assert seen["expired"] >= 2 and seen["tickets"] > seen["expired"]
    assert (seen["resets"], seen["me"]) == (1, True)
