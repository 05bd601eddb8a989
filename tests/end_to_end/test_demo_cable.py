"""`manage.py demo --cable`: a desk behind a cable that a person pulls by typing words."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from calls.simulator import words
from project import cable_demo
from realtime.testing import Cable
from tests.processes.agent import Agent
from tests.processes.process import PROJECT, free_port
from tests.processes.programs import program
from tests.processes.waiting import until, wait_until
from tests.processes.wire import Socket, wire

STATIC = PROJECT / "realtime" / "static" / "realtime"


class Demo:
    """The demo in a process of its own, with a keyboard; `log` is what the person sees."""

    def __init__(self, directory: Path, env: dict[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}"
        self._log = directory / "demo.log"
        keeper = [program("setpriv"), "--pdeathsig", "TERM", "--"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                # Told to end, also because pytest has died, it ends its server.
                [*keeper, sys.executable, "manage.py", "demo", "--cable"],
                cwd=PROJECT,
                env={
                    **env,
                    "PORT": str(port),
                    "DATABASE_URL": f"sqlite:///{directory / 'demo.sqlite3'}",
                    "HEARTBEAT_INTERVAL": "0.5",
                    "HEARTBEAT_TIMEOUT": "2",
                },
                # A shell in the background has its programs ignore it, and those theirs.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text()

    def shows(self, text: str) -> None:
        wait_until(lambda: text in self.log(), 60, f"the demo shows {text!r}")

    async def type(self, word: str, reply: str) -> None:
        """Type a word and wait until it is obeyed once more."""
        obeyed = self.log().count(reply)
        assert self.process.stdin
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()
        await until(lambda: self.log().count(reply) > obeyed, 40, f"{word!r} is obeyed")

    def server(self) -> int:
        """Return the process id of its server."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def demo(tmp_path: Path, site_env: dict[str, str]) -> Iterator[Demo]:
    demo = Demo(tmp_path, site_env)
    try:
        demo.shows("Listening on")
        yield demo
    finally:
        demo.close()
        print(demo.log())


async def change(socket: Socket, sid: str, state: str) -> dict[str, Any]:
    """Return the next change of a call into a state that comes to the socket."""
    while True:
        data: dict[str, Any] = (await socket.frame("event"))["data"]
        if (data["sid"], data["state"]) == (sid, state):
            return data


@pytest.mark.processes
async def test_a_call_is_answered_while_the_cable_is_pulled(demo: Demo) -> None:
    behind: Any = SimpleNamespace(ws_url=demo.ws_url)
    alice = Agent(demo.url, "alice", "demo")
    cookies = alice.cookie_header()
    async with wire(behind, cookies=cookies, origin=demo.url) as old:
        await old.send({"type": "subscribe", "ref": 1, "stream": "me"})
        epoch = (await old.frame("subscribed"))["epoch"]
        await demo.type("call", "A call rings")
        rings = await old.frame("event")
        assert rings["data"]["state"] == "ringing"
        assert alice.post("/calls/", {"to": "+15550100199"}).status_code == 201
        await demo.type("cut", "Nothing passes any more")
        await demo.type("answer", "bob answers")
        await until(lambda: "reason=stale" in demo.log(), 20, "the server gives up")
        # The phone company's webhooks don't go through the cable, also for what a desk asked for.
        await until(lambda: "state=initiated" in demo.log(), 20, "the call goes on")
        await demo.type("forget", "stay dead")
        await demo.type("heal", "All passes again")
        async with wire(behind, cookies=cookies, origin=demo.url) as new:
            after = {"epoch": epoch, "offset": rings["offset"]}
            stream = rings["stream"]
            await new.send({"type": "subscribe", "ref": 1, "stream": stream, "after": after})
            assert (await new.frame("subscribed"))["recovered"]
            answered = await change(new, rings["data"]["sid"], "in-progress")
            assert answered["answered_by"]["name"] == "bob"
            await demo.type("deaf", "The desk hears nothing")
            await new.send("no frame")
            await until(lambda: "refused socket=" in demo.log(), 20, "the server hears the desk")
            stale = "the desk does not hear, and answers, the server's pings"
            await until(lambda: demo.log().count("reason=stale") == 2, 20, stale)
            await demo.type("heal", "All passes again")
            await new.closed()
            await demo.type("hangup", "The call ends")
            over = re.compile("state=(completed|canceled)")
            await until(lambda: over.search(demo.log()), 20, "a call ends")
        assert old.close_code is None  # It never learns, as the page at a pulled cable.


@pytest.mark.processes
def test_ctrl_c_ends_the_server_too(demo: Demo) -> None:
    server = demo.server()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0
    assert not Path(f"/proc/{server}").exists()
    assert "Traceback" not in demo.log()


@pytest.mark.processes
def test_a_server_that_died_is_reported(demo: Demo) -> None:
    os.kill(demo.server(), signal.SIGKILL)
    assert demo.process.wait(10) == 1
    demo.shows("Daphne has ended by itself, with code -9")


@pytest.fixture
def terminal() -> Iterator[cable_demo.Terminal]:
    """A terminal whose server is away."""
    port = free_port()
    with Cable("127.0.0.1", port) as cable:
        yield cable_demo.Terminal(cable, f"http://127.0.0.1:{port}")


def test_what_is_typed_wrong(terminal: cable_demo.Terminal) -> None:
    assert terminal.obey("unplug\n") == (
        "There is no word 'unplug'. Enter alone shows those that there are."
    )
    assert terminal.obey("\n") == cable_demo.WORDS
    assert terminal.obey(" CUT \n").startswith("Nothing passes")


def test_every_word_that_is_shown_is_obeyed(db: None, terminal: cable_demo.Terminal) -> None:
    shown = re.findall(r"^  ([\w-]+)", cable_demo.WORDS, re.M)
    assert len(shown) == 8 + len(words.WORDS)
    assert not [word for word in shown if "There is no word" in terminal.obey(word)]


def test_a_server_that_can_not_be_called(db: None, terminal: cable_demo.Terminal) -> None:
    assert "took no call" in terminal.obey("call")


def test_calls_that_are_not_there(db: None, terminal: cable_demo.Terminal) -> None:
    assert terminal.obey("answer") == "No call is ringing. Type: call"
    assert terminal.obey("hangup") == "There is no call that could end. Type: call"


def test_the_bounds_that_are_shown_are_those_of_the_settings(settings: Any) -> None:
    assert "After 18 s at most" in cable_demo.instructions()
    assert "After 28 s at most" in cable_demo.instructions()
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 30.0, "HEARTBEAT_TIMEOUT": 2.5}
    assert "After 32.5 s at most it says" in cable_demo.instructions()
    assert "After 32.5 s at most it shows" in cable_demo.instructions()


def test_the_bounds_that_are_the_browsers() -> None:
    socket, backoff = (
        (STATIC / name).read_text() for name in ("socket_options.js", "protocol/backoff.js")
    )
    assert f"connectionTimeout ?? {cable_demo.LONGEST_ATTEMPT}000," in socket
    assert f"MAX_DELAY = {cable_demo.LONGEST_WAIT}_000;" in backoff


@pytest.mark.parametrize("name", ["PUBLIC_URL", "TWILIO_ACCOUNT_SID"])
def test_a_cable_is_not_for_a_real_site(settings: Any, name: str) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    setattr(settings, name, "https://calls.example.com")
    with pytest.raises(CommandError, match="--cable is for the simulated phone company"):
        call_command("demo", "--cable")
