"""A desk whose server is played in the page, so that a test decides what it knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.processes.waiting import wait_until
from tests.site.desk import Desk

HERE = Path(__file__).parent
STATES, SERVER = ((HERE / name).read_text() for name in ("scenes.js", "played_server.js"))
DRAWN = 5.0  # seconds, on a busy machine

SCENES = [
    "quiet",
    "ringing",
    "two ring",
    "somebody answers",
    "declined",
    "voicemail",
    "uncertain",
    "talking",
    "talking and ringing",
    "held",
    "transfer",
    "offered",
    "ringing my phone",
    "ringing there",
]
OPEN = {
    "talking": "document.querySelector('[data-part=keypad]').click()",
    "held": "document.querySelector('[data-part=transfer]').click()",
    "declined": "document.querySelector('[data-part=reject]').click()",
}
"""What opens more of the page in a state."""


class PlayedDesk:
    """Alice's desk; `scenes.js` has the states that it can be shown in."""

    def __init__(self, desk: Desk, *, logs_in: bool = True) -> None:
        self.desk = desk
        self.page = desk.page
        if logs_in:
            desk.log_in("alice")
        self.page.before_scripts(STATES)
        self.page.before_scripts(SERVER)

    def load(self, scene: str) -> None:
        """Load the page in a state, and wait until it shows all that it knows."""
        self.page.goto(f"{self.desk.url}/?scene={quote(scene)}")
        self.page.wait_for("document.querySelector('#desk[data-complete] #last > li')")

    def show(self, scene: str) -> None:
        """Have the page that is loaded show another state."""
        self.page.run(f"server.show({scene!r})")
        self.page.wait_for("server.isShown()")

    def in_each_state(self, look: Callable[[], Any]) -> dict[str, Any]:
        """Look at each state, also with more of it open; return what was found, by state."""
        found = {}
        self.load("quiet")
        for scene in SCENES:
            self.show(scene)
            found[scene] = look()
            if scene in OPEN:
                self.page.run(OPEN[scene])
                found[f"{scene}, open"] = look()
                self.page.run("document.querySelector('dialog').close()")
        self.show("ringing")
        self.page.run("server.lose()")
        found["lost"] = look()
        return {scene: what for scene, what in found.items() if what}

    def part(self, name: str, place: str = "") -> str:
        """Return the selector of a part of the first call, or of the first in a place."""
        return f"{place} [data-part={name}]".strip()

    def posts(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what the desk, not its stand-in of a phone, has asked for: paths and fields."""
        posts = self.page.evaluate("server.posts")
        return [(path, fields) for path, fields in posts if "/simulate/" not in path]

    def wait_for_posts(self, *paths: str) -> None:
        """Wait until it has asked for this, and nothing else."""
        wait_until(lambda: len(self.posts()) >= len(paths), DRAWN, f"{paths} are asked for")
        assert [path for path, _ in self.posts()] == list(paths)

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return str(self.page.evaluate(f"document.querySelector({selector!r}).innerText"))

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until an element has this text."""
        wait_until(lambda: self.text(selector) == text, DRAWN, f"{selector} says {text}")

    def is_off(self, selector: str) -> bool:
        """Tell whether a control can't work, which has to have a reason."""
        off = "(({ ariaDisabled, title }) => ariaDisabled === 'true' && title !== '')"
        return bool(self.page.evaluate(f"{off}(document.querySelector({selector!r}))"))
