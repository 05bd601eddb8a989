"""A desk in a real browser, what a person would notice on it, and a page with a bare socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browsers.browser import Browser
from tests.processes.site import Server
from tests.processes.waiting import wait_until

HERE = Path(__file__).parent
NOTED, FOLLOW, BARE = ((HERE / name).read_text() for name in ("noted.js", "follow.js", "bare.js"))


@dataclass(frozen=True)
class Shown:
    """What a desk shows at one moment."""

    calls: dict[str, str]
    """The state of each call by its sid, with a "?" behind it while it is in doubt."""
    connection: str
    rings: bool
    sounds: bool
    lost: list[float]
    """When the desk said that it is not connected, ms of the wall clock."""
    loaded: float
    """When the page was loaded, ms of the wall clock."""


class Desk:
    """The desk of one user in one browser, on one server."""

    def __init__(self, browser: Browser, server: Server, url: str, username: str) -> None:
        self.place = browser.name, server
        self.name = f"{browser.name} on {server}"
        self.browser = browser
        self._pages = f"{server} bare", f"{server} desk"
        self._bare, self._page = (browser.open(key, profile=server) for key in self._pages)
        self._page.before_scripts(NOTED)
        self._page.login(url, username)
        self._page.evaluate(f"({FOLLOW})('{url}/static/realtime/index.js')")
        self._bare.goto(f"{url}/login/")
        self._bare.evaluate(f"({BARE})('{url.replace('http', 'ws')}/realtime/')")
        self._page.bring_to_front()
        wait_until(lambda: self.shown().connection == "open", 20, f"{self.name} is connected")

    def renew_bare(self) -> None:
        """Start the page with the bare socket anew, and wait until the socket hears."""
        self._bare.evaluate("begin()")
        wait_until(lambda: self._bare.evaluate("hears"), 10, f"{self.name} bare hears")

    def shown(self) -> Shown:
        """Look at it."""
        return Shown(**self._page.evaluate("noticed()"))

    def events(self) -> list[tuple[int, str, str]]:
        """Return the events that the page was handed: offset, sid, state."""
        return [tuple(event) for event in self._page.evaluate("events")]

    def bare_calls(self) -> dict[str, str]:
        """Return what the page with the bare socket believes."""
        calls: dict[str, Any] = self._bare.evaluate("calls")
        return calls

    def complaints(self) -> list[tuple[str, str]]:
        """Return what its pages have thrown; Firefox also lists failed connections as thrown."""
        thrown = self.browser.complaints
        return [
            (page, text) for page, text in thrown if page in self._pages and "ws://" not in text
        ]

    def screenshot(self, path: Path) -> None:
        """Write what a person would see."""
        self._page.screenshot(path)
