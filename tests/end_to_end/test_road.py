"""The whole road with real processes: from a webhook to both agents' sockets."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes.agent import Agent
from tests.processes.process import Process, free_port
from tests.processes.site import manage
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


async def change(socket: Any) -> tuple[str, str | None, str | None]:
    """Return the next change of a state that comes to a socket: before, after, who answered."""
    data: dict[str, Any] = {"previous": "", "state": ""}
    while data["previous"] == data["state"]:
        event = await socket.frame("event")
        assert event["name"] == "call.state"
        data = event["data"]
    return data["previous"], data["state"], (data["answered_by"] or {}).get("name")


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_call_rings_at_both_desks_and_alice_answers(site: Any, server: str) -> None:
    here = site(server)
    alice, bob = here.login("alice"), here.login("bob")
    async with (
        wire(here, cookies=alice.cookie_header()) as hers,
        wire(here, cookies=bob.cookie_header()) as his,
    ):
        for socket in (hers, his):
            await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
            await socket.frame("subscribed")
        sid = await asyncio.to_thread(here.manage, "simulate_call", "--from", "+15550100123")
        (call,) = alice.get("/calls/").json()["calls"]
        assert (call["sid"], call["from"]) == (sid.strip(), "+15550100123")
        assert [await change(hers), await change(his)] == [(None, "ringing", None)] * 2

        assert alice.post(f"/calls/{call['call']}/answer/").status_code == 202
        answered = ("ringing", "in-progress", "alice")
        assert [await change(hers), await change(his)] == [answered] * 2
        assert bob.post(f"/calls/{call['call']}/answer/").status_code == 409

        assert alice.post(f"/calls/{call['call']}/hangup/").status_code == 202
        over = ("in-progress", "completed", "alice")
        assert [await change(hers), await change(his)] == [over] * 2


class Demo(Process):
    name = "manage.py demo"


def test_the_demo_command_prepares_and_serves(tmp_path: Path, site_env: dict[str, str]) -> None:
    port = free_port()
    database = f"sqlite:///{tmp_path / 'demo.sqlite3'}"
    env = {**site_env, "PORT": str(port), "DATABASE_URL": database}
    demo = Demo([sys.executable, "manage.py", "demo"], tmp_path / "log", port, env=env)
    demo.start()
    try:
        url = f"http://127.0.0.1:{port}"
        assert url in demo.log()
        sid = manage(env, "simulate_call").strip()
        (call,) = Agent(url, "alice", "demo").get("/calls/").json()["calls"]
        assert call["sid"] == sid
        with pytest.raises(AssertionError, match="Name another port"):
            manage(env, "demo")
        demo.stop()
    finally:
        demo.kill()
    assert "Traceback" not in demo.log()
