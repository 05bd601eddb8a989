"""All that a cut goes through: three hosts, three servers of the site, two browsers, four desks."""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browsers.browser import Browser, BrowserName
from tests.cuts.desk import Desk
from tests.processes.hosts import Network
from tests.processes.redis_server import RedisServer
from tests.processes.site import Server, Site, Sites
from tests.processes.waiting import wait_until

BROWSERS: list[BrowserName] = ["chromium", "firefox"]
SERVERS: list[Server] = ["daphne", "uvicorn"]
OPENED, ENDED = (re.compile(rf"({verbs}) socket=(\w+)") for verbs in ("opened", "closed|left"))


class World:
    """Alice sits on the laptop, before a desk of each browser on each server.

    Bob sits beside the servers, where nothing is ever cut: he works at a site of his own, "the
    office", which shares its database and Redis with theirs, and to which the phone company talks.
    All of it ends with `ending`.
    """

    def __init__(
        self,
        ending: ExitStack,
        directory: Path,
        template: Path,
        env: Mapping[str, str],
        interval: float,
        timeout: float,
    ) -> None:
        self.silence = interval + timeout
        heartbeat = {"HEARTBEAT_INTERVAL": str(interval), "HEARTBEAT_TIMEOUT": str(timeout)}
        self.network = Network()
        ending.callback(self.network.close)
        host = self.network.server.address
        browsers: list[Browser] = []
        with self.network.laptop.entered():
            for name in BROWSERS:
                browsers.append(Browser(name))
                ending.callback(browsers[-1].close)
        self._sites = Sites(directory, template, {**env, **heartbeat, "HOST": host})
        ending.callback(self._sites.close)
        self._redis = RedisServer(directory)
        ending.callback(self._redis.kill)
        with self.network.server.entered():
            self._redis.start()
            self.office = self._sites("daphne", redis=self._redis, bind="0.0.0.0")
            self.edges = {server: self._edge(server) for server in SERVERS}
            self._bob = self.office.login("bob")
            self._alice = self.office.login("alice")
        self.desks = [
            Desk(browser, server, f"http://{host}:{self.edges[server].port}", "alice")
            for browser in browsers
            for server in SERVERS
        ]

    def _edge(self, server: Server) -> Site:
        database_url = self.office.database_url
        return self._sites(server, redis=self._redis, database_url=database_url, bind="0.0.0.0")

    def kill_edges(self) -> None:
        """Kill both servers that desks are connected to."""
        for site in self.edges.values():
            site.kill()

    def start_edges(self) -> None:
        """Have others come up in their places."""
        with self.network.server.entered():
            for site in self.edges.values():
                site.start()

    def held_sockets(self) -> set[str]:
        """Return the ids of the sockets that the servers take for open."""
        log = "".join(site.log() for site in self.edges.values())
        opened, ended = ({sid for _, sid in found.findall(log)} for found in (OPENED, ENDED))
        return opened - ended

    def ring(self) -> str:
        """Have somebody call, and return the call's sid."""
        with self.network.server.entered():
            return self.office.manage("simulate_call").strip()

    def answer(self, sid: str) -> None:
        """Have bob pick up."""
        self._ask(sid, "answer", "in-progress")

    def hang_up(self, sid: str) -> None:
        """Have bob hang up."""
        self._ask(sid, "hangup", "completed")

    def _ask(self, sid: str, verb: str, state: str) -> None:
        with self.network.server.entered():
            pk = self.calls()[sid]["call"]
            self._bob.post(f"/calls/{pk}/{verb}/").raise_for_status()
            wait_until(lambda: self.calls()[sid]["state"] == state, 10, f"the call is {state}")

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return the calls as the database has them, by their sid."""
        with self.network.server.entered():
            listed = self._bob.get("/calls/").json()["calls"]
        return {call["sid"]: call for call in listed}

    def top(self) -> int:
        """Return the offset of the last event that was committed for alice."""
        with self.network.server.entered():
            page = self._alice.get("/").text
        _, _, config = page.partition('id="realtime-config" type="application/json">')
        config, _, _ = config.partition("</script>")
        [position] = json.loads(config)["positions"].values()
        return int(position["offset"])
