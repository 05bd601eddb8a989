"""A desk in one page of a browser, and what a person notices on it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browsers.browser import Browser, Kind
from tests.processes.waiting import wait_until

HERE = Path(__file__).parent
NOTICED, FOLLOW = ((HERE / name).read_text() for name in ("noticed.js", "follow.js"))
OpenDesk = Callable[[str], "Desk"]
"""Opens the desk at an address, in a tab before those of the same test."""

CONNECTED_WITHIN = 20.0  # seconds, also on a busy machine


@dataclass(frozen=True)
class Shown:
    """What a desk shows at one moment."""

    calls: dict[str, str]
    """The state of each call by its sid, with a "?" behind it while it is in doubt."""
    says: dict[str, str]
    """How each call is, in words, by its sid, or by its key where it has no sid."""
    title: str
    connection: str
    rings: bool
    sounds: bool
    tones: list[float]
    """When a ring tone began, ms of the wall clock."""
    lost: list[float]
    """When the desk said that it is not connected, ms of the wall clock."""
    loaded: float
    """When the page was loaded, ms of the wall clock."""


class Desk:
    """The desk of the site at `url`, which may be that of a cable.

    `profile` decides who is logged in; `key` is the page's name in its browser.
    """

    def __init__(
        self, browser: Browser, url: str, *, key: str, profile: str, kind: Kind = "tab"
    ) -> None:
        self.url = url
        self.page = browser.open(key, profile, kind)
        self.page.before_scripts(NOTICED)

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

    def shows(self, calls: dict[str, str]) -> bool:
        """Tell whether these calls are in these states, and not in doubt."""
        return calls.items() <= self.shown().calls.items()

    def rings_for(self, sid: str) -> bool:
        """Tell whether it rings, to the eye and to the ear, for a call."""
        shown = self.shown()
        return shown.calls.get(sid) == "ringing" and shown.rings and shown.sounds

    def status(self) -> str:
        """Return what `<realtime-status>` says."""
        return str(
            self.page.evaluate("document.querySelector('realtime-status').textContent.trim()")
        )

    def lost_since(self, instant: float) -> float | None:
        """Return when it first said after `instant` that it is not connected; both in seconds."""
        return next((at / 1000 for at in self.shown().lost if at / 1000 >= instant), None)

    def follow(self) -> None:
        """Have the page keep the events that it receives from now on."""
        self.page.run(f"({FOLLOW})('{self.url}/static/realtime/index.js')")

    def offsets(self) -> list[int]:
        """Return the offsets of the events that it received; a reset counts as -1."""
        return list(self.page.evaluate("offsets"))

    def missed(self, first: int, last: int) -> int:
        """Count the events from `first` to `last` that it did not receive."""
        return len({*range(first, last + 1)} - {*self.offsets()})

    def position(self) -> int:
        """Return the offset that the page came with."""
        config = "JSON.parse(document.getElementById('realtime-config').textContent)"
        return int(self.page.evaluate(f"Object.values({config}.positions)[0].offset"))

    def wait_for_events(self, first: int, last: int, within: float) -> None:
        """Wait until it has the events from `first` to `last`: once, in order, and no others."""
        wanted = list(range(first, last + 1))
        wait_until(lambda: self.missed(first, last) == 0, within, f"{wanted} arrive")
        assert self.offsets() == wanted
