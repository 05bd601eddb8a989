"""One place where alice sits: a desk in one browser on one server, and a page with a bare socket.

The page with the bare WebSocket is what the desk is compared with.
"""

from pathlib import Path

from tests.browsers.browser import Browser
from tests.processes.site import Server
from tests.processes.waiting import wait_until
from tests.site.desk import Desk

BARE = Path(__file__).with_name("bare.js").read_text()
NOTHING = "nothing"


class Seat:
    """The desk of one browser on one server at `url`, and the page beside it."""

    def __init__(self, browser: Browser, server: Server, url: str) -> None:
        self.browser = browser
        self.server = server
        self.name = f"{browser.name} on {server}"
        self.desk = Desk(browser, url, key=f"{server} desk", profile=server, kind="window")
        self.desk.log_in("alice")
        self.desk.follow()
        self._bare = browser.open(f"{server} bare", profile=server)
        self._bare.goto(f"{url}/login/")
        self._bare.run(f"({BARE})('{url.replace('http', 'ws')}/realtime/')")
        self.desk.page.bring_to_front()

    def restart_bare(self) -> None:
        """Start the page with the bare socket again, and wait until it has subscribed."""
        self._bare.run("begin()")
        wait_until(lambda: self._bare.evaluate("subscribed"), 10, f"{self.name} bare subscribes")

    def close_bare(self) -> None:
        """Close the page with the bare socket."""
        self._bare.close()

    def bare_is_wrong_about(self, truth: dict[str, str]) -> str:
        """Name the states that the page with the bare socket shows wrongly, or NOTHING."""
        shown: dict[str, str] = self._bare.evaluate("calls")
        wrong = [
            f"{state}: {shown.get(sid, 'unknown')}"
            for sid, state in truth.items()
            if shown.get(sid) != state
        ]
        return ", ".join(wrong) or NOTHING

    def check(self, top: int) -> None:
        """Check that the desk is silent and got each event up to `top` once and in order."""
        shown = self.desk.shown()
        assert not shown.rings and not shown.sounds, f"{self.name} still rings"
        errors = self.browser.errors()
        assert not errors, f"{self.browser.name}: {errors}"
        offsets = self.desk.offsets()
        assert offsets == list(range(1, top + 1)), f"{self.name} got {offsets}"
