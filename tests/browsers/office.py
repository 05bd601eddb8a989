"""The site, and bob, who works there and to whom no path is ever cut."""

import json
import re
from typing import Any

from tests.processes.site import Site
from tests.processes.waiting import wait_until

DONE_WITHIN = 10.0  # seconds
OPENED, ENDED = (re.compile(rf"({verbs}) socket=(\w+)") for verbs in ("opened", "closed|left"))


class Office:
    """A site whose heartbeat is `interval` and `timeout` seconds."""

    def __init__(self, site: Site, interval: float, timeout: float) -> None:
        self.site = site
        self.url = site.url
        self.silence = interval + timeout
        self._bob = site.login("bob")
        self._alice = site.login("alice")

    def ring(self) -> str:
        """Have somebody call, and return the call's sid."""
        known = set(self.calls())
        self._bob.post("/calls/simulate/").raise_for_status()
        [sid] = wait_until(lambda: set(self.calls()) - known, DONE_WITHIN, "a call rings")
        return sid

    def answer(self, sid: str) -> None:
        """Have bob pick up."""
        self._ask(sid, "answer")

    def hang_up(self, sid: str) -> None:
        """Have bob hang up, or decline what still rings."""
        self._ask(sid, "hangup")

    def whole_call(self) -> str:
        """Have a call ring, be answered and end; return its sid."""
        sid = self.ring()
        self.answer(sid)
        self.hang_up(sid)
        return sid

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return the calls as the database has them, by their sid."""
        return {call["sid"]: call for call in self._bob.get("/calls/").json()["calls"]}

    def top(self) -> int:
        """Return the offset of the last event that was committed for alice."""
        page = self._alice.get("/").text
        config = re.search(r'id="realtime-config" type="application/json">(.+?)</script>', page)
        assert config, "the desk has no configuration"
        [position] = json.loads(config[1])["positions"].values()
        return int(position["offset"])

    def restart(self) -> None:
        """Kill the server, which ends all connections, and start it again."""
        self.site.kill()
        self.site.start()

    def held_sockets(self) -> set[str]:
        """Return the ids of the sockets that the server takes for open."""
        opened, ended = ({sid for _, sid in at.findall(self.site.log())} for at in (OPENED, ENDED))
        return opened - ended

    def _ask(self, sid: str, verb: str) -> None:
        before = self.calls()[sid]
        self._bob.post(f"/calls/{before['call']}/{verb}/").raise_for_status()
        wait_until(
            lambda: self.calls()[sid]["state"] != before["state"], DONE_WITHIN, f"{verb} {sid}"
        )
