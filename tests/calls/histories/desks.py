"""Desks: the page's own JavaScript in a process of Node, and the server's part of their sockets."""

import json
import subprocess
from pathlib import Path
from typing import Any

from django.test import Client

from calls.models import Call
from calls.streams import AgentStream
from realtime import position
from realtime.eventlog import event_log
from realtime.protocol.stream_names import user_stream_name

PROGRAM = Path(__file__).with_name("desks.js")
MAX_EVENTS = 1000


class Node:
    """The process in which all desks run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, desk: str, command: str, **details: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([desk, command, details]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{desk} died of {command}"
        return json.loads(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Desk:
    """One tab of an agent. ``client`` is logged in as the agent."""

    def __init__(self, name: str, agent: Any, node: Node, client: Client) -> None:
        self.name, self.agent, self.client = name, agent, client
        self.is_connected = False
        self._node = node
        self._stream = user_stream_name(agent)
        self._offset = 0
        self._waits = False

    def open(self) -> None:
        """Load the page while there are no calls, and connect."""
        self._ask(
            "open",
            agent={"id": self.agent.pk},
            stream=self._stream,
            position=position(self.agent)._asdict(),
            calls=[],
        )
        self.connect()

    def connect(self) -> None:
        """Connect, as the server answers a page that comes back."""
        asked = self._ask("connect", stream=self._stream)
        after, page = asked["after"], self._read(asked["after"])
        offset = page.position.offset
        recovered = bool(after) and after["epoch"] == page.position.epoch
        frame = {
            "type": "subscribed",
            "ref": asked["ref"],
            "stream": self._stream,
            "epoch": page.position.epoch,
            "offset": offset,
            "recovered": recovered,
        }
        if not recovered:
            frame["snapshot"] = AgentStream(self._stream).snapshot(self.agent)
        frames = [json.dumps(frame)]
        frames += [event.replayed_frame for event in page.events] if recovered else []
        self._waits = self._ask("frames", frames=frames)
        self._offset, self.is_connected = offset, True

    def cut(self) -> None:
        self._ask("cut")
        self.is_connected = False

    def listen(self) -> None:
        """Take the events that have come since, and the list if the page wants it."""
        if not self.is_connected:
            return
        log = event_log()
        assert log
        page = log.read({self._stream: self._offset}, MAX_EVENTS)[self._stream]
        if page.events:
            self._offset = page.events[-1].offset
            self._waits = self._ask("frames", frames=[event.frame for event in page.events])
        if self._waits:
            self._waits = False
            self._ask("fetched", calls=self.client.get("/calls/").json()["calls"])

    def shows(self, now: int) -> dict[str, Any]:
        """Return the calls that it shows, and the keys of those that ring."""
        return self._ask("shows", now=now)

    def _read(self, after: dict[str, Any] | None) -> Any:
        log = event_log()
        assert log
        begin = after["offset"] if after else log.positions([self._stream])[self._stream].offset
        return log.read({self._stream: begin}, MAX_EVENTS)[self._stream]

    def _ask(self, command: str, **details: Any) -> Any:
        return self._node.ask(self.name, command, **details)


def shown(call: Call) -> dict[str, Any]:
    """Return what a desk is to show of a call."""
    return json.loads(json.dumps(call.data()))
