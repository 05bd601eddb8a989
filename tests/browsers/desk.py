"""A desk in one tab of a browser, and what a test can notice on it."""

from collections.abc import Callable

from tests.browsers.browser import Browser, Page
from tests.cuts.desk import FOLLOW, NOTED, Shown
from tests.processes.waiting import wait_until

OpenDesk = Callable[[str], "Desk"]
"""Opens the desk at an address, in a tab before those of the same test."""

CONNECTED_WITHIN = 15.0  # seconds, also on a busy machine


class Desk:
    """Alice's desk at `url`, which may be that of a cable; `profile` decides who is logged in."""

    def __init__(self, browser: Browser, key: str, profile: str, url: str) -> None:
        self.url = url
        self.page: Page = browser.open(key, profile, kind="tab")
        self.page.before_scripts(NOTED)

    def log_in(self, username: str) -> None:
        """Log in, which opens the desk."""
        self.page.login(self.url, username)
        self.wait_until_connected()

    def load(self) -> None:
        """Open the desk of the user who is logged in, or load it again."""
        self.page.goto(f"{self.url}/")
        self.wait_until_connected()

    def wait_until_connected(self) -> None:
        """Wait until the desk says so."""
        wait_until(lambda: self.shown().connection == "open", CONNECTED_WITHIN, "connected")

    def shown(self) -> Shown:
        """Look at it."""
        return Shown(**self.page.evaluate("noticed()"))

    def status(self) -> str:
        """Return what `<realtime-status>` says."""
        return str(
            self.page.evaluate("document.querySelector('realtime-status').textContent.trim()")
        )

    def lost_since(self, instant: float) -> float | None:
        """Return when it first said after `instant` that it is not connected; both in seconds."""
        return next((at / 1000 for at in self.shown().lost if at / 1000 >= instant), None)

    def follow(self) -> None:
        """Have the page keep the events that it is handed from now on."""
        self.page.evaluate(f"({FOLLOW})('{self.url}/static/realtime/index.js')")

    def offsets(self) -> list[int]:
        """Return the offsets of the events that it was handed; a reset counts as -1."""
        return [-1 if sid == "reset" else offset for offset, sid, _ in self.page.evaluate("events")]

    def position(self) -> int:
        """Return the offset that the page came with."""
        config = "JSON.parse(document.getElementById('realtime-config').textContent)"
        return int(self.page.evaluate(f"Object.values({config}.positions)[0].offset"))

    def wait_for_events(self, first: int, last: int, within: float) -> None:
        """Wait until it has got the events `first` to `last`: each once, in order, and no other."""
        wanted = list(range(first, last + 1))
        wait_until(lambda: len(self.offsets()) >= len(wanted), within, f"{wanted} arrive")
        assert self.offsets() == wanted
