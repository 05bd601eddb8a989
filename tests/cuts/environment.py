"""What a cut happens in: three hosts, three servers of the site, three browsers, six desks."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.browsers.browser import BROWSERS, Browser
from tests.cuts.seat import Seat
from tests.processes.hosts import Network
from tests.processes.redis_server import RedisServer
from tests.processes.site import Server, Sites
from tests.site.office import Office

SERVERS: list[Server] = ["daphne", "uvicorn"]


class Environment:
    """Alice sits on the laptop, before a desk of each browser on each server.

    Bob and this thread sit beside the servers, where nothing is ever cut. He uses a server of his
    own, which shares database and Redis with the others, and to which the phone company talks.
    Everything ends with `ending`.
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
        self.network = Network()
        ending.callback(self.network.close)
        self._browsers = self._start_browsers(ending)
        ending.enter_context(self.network.server.entered())
        host = self.network.server.address
        heartbeat = {"HEARTBEAT_INTERVAL": str(interval), "HEARTBEAT_TIMEOUT": str(timeout)}
        redis = RedisServer(directory)
        ending.callback(redis.kill)
        redis.start()
        reachable = {"DJANGO_SETTINGS_MODULE": "tests.site.reachable_settings", "SITE_HOST": host}
        sites = Sites(directory, template, {**env, **heartbeat, **reachable})
        ending.callback(sites.close)
        own = sites("daphne", redis=redis)
        self.edges = {
            server: sites(server, redis=redis, database_url=own.database_url, bind="0.0.0.0")
            for server in SERVERS
        }
        self.office = Office(own, interval, timeout, others=list(self.edges.values()))
        self.seats = [
            Seat(browser, server, f"http://{host}:{site.port}")
            for browser in self._browsers
            for server, site in self.edges.items()
        ]

    def _start_browsers(self, ending: ExitStack) -> list[Browser]:
        browsers = []
        with self.network.laptop.entered():
            for name in BROWSERS:
                browsers.append(Browser(name))
                ending.callback(browsers[-1].close)
        return browsers

    @property
    def crashed(self) -> bool:
        """Whether one of its browsers has crashed, or a page of one."""
        return any(browser.crashed for browser in self._browsers)

    def kill_edges(self) -> None:
        """Kill both servers that desks are connected to."""
        for site in self.edges.values():
            site.kill()

    def start_edges(self) -> None:
        """Start others in their places."""
        for site in self.edges.values():
            site.start()
