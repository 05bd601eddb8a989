"""The site, and bob, who works there and whose path is never cut."""

import json
import re
from collections.abc import Sequence
from typing import Any

from calls.states import ACTIVE
from tests.processes.site import Site
from tests.processes.waiting import wait_until

DONE_WITHIN = 10.0  # seconds
OPENED = re.compile(r"opened socket=(\w+)")
ENDED = re.compile(r"(?:closed|left|disconnected) socket=(\w+)")


def is_of(call: dict[str, Any], agent: str) -> bool:
    """Tell whether an agent has a call."""
    return (call["answered_by"] or {}).get("name") == agent


class Office:
    """A site whose heartbeat is `interval` and `timeout` seconds.

    Bob and the phone company use `site`. `others` are further servers of the same data.
    """

    def __init__(
        self, site: Site, interval: float, timeout: float, *, others: Sequence[Site] = ()
    ) -> None:
        self.site = site
        self.url = site.url
        self.silence = interval + timeout
        self._sites = [site, *others]
        self._bob = site.login("bob")
        self._alice = site.login("alice")

    def ring(self) -> str:
        """Have a call come in, and return its sid."""
        known = set(self.calls())
        self._bob.post("/calls/simulate/").raise_for_status()
        [sid] = wait_until(lambda: set(self.calls()) - known, DONE_WITHIN, "a call rings")
        return sid

    def answer(self, sid: str) -> None:
        """Have bob pick up; a call in which he talks is put on hold before."""
        for call in self.calls().values():
            if call["state"] == "in-progress" and not call["held"] and is_of(call, "bob"):
                path = f"/calls/{call['call']}/hold/"
                self._bob.post(path, {"on": "1"}).raise_for_status()
        self._ask(sid, "answer")

    def hang_up(self, sid: str) -> None:
        """Have bob hang up, or decline a call that still rings."""
        self._ask(sid, "hangup")

    def end_calls(self) -> None:
        """End all calls, also those that a test which failed has left."""
        for call in self.calls().values():
            if call["state"] in ACTIVE:
                for agent in (self._bob, self._alice):
                    agent.post(f"/calls/{call['call']}/hangup/")

    def whole_call(self) -> str:
        """Have a call ring, be answered and end; return its sid when its three events are numbered.

        The log numbers an event a moment after the commit that the list of calls shows.
        """
        top = self.top()
        sid = self.ring()
        self.answer(sid)
        self.hang_up(sid)
        wait_until(lambda: self.top() >= top + 3, DONE_WITHIN, f"all of {sid} is numbered")
        return sid

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return the calls of the database by their sid."""
        return {call["sid"]: call for call in self._bob.get("/calls/").json()["calls"]}

    def top(self) -> int:
        """Return the offset of the last event that was committed for alice."""
        page = self._alice.get("/").text
        config = re.search(r'id="realtime-config" type="application/json">(.+?)</script>', page)
        assert config, "the desk has no configuration"
        [position] = json.loads(config[1])["positions"].values()
        return int(position["offset"])

    def restart(self) -> None:
        """Kill the server, which ends all its connections, and start it again."""
        self.site.kill()
        self.site.start()

    def held_sockets(self) -> set[str]:
        """Return the ids of the sockets that the servers take for open."""
        log = "".join(site.log() for site in self._sites)
        return {*OPENED.findall(log)} - {*ENDED.findall(log)}

    def _ask(self, sid: str, verb: str) -> None:
        before = self.calls()[sid]
        self._bob.post(f"/calls/{before['call']}/{verb}/").raise_for_status()
        wait_until(
            lambda: self.calls()[sid]["state"] != before["state"], DONE_WITHIN, f"{verb} {sid}"
        )
