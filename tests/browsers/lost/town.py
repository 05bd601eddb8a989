"""Two agents at their desks, each with two tabs, and a phone company that misbehaves at a word."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.browsers.browser import Browser, BrowserName
from tests.browsers.lost.company import Company
from tests.processes.site import Site
from tests.processes.waiting import wait_until
from tests.site.desk import Desk

SOON = 10.0  # seconds, for a webhook or two on a busy machine
AGENTS: dict[str, BrowserName] = {"alice": "chromium", "bob": "firefox"}
BOTH_ARE_FREE = "document.querySelector('#people').innerText.match(/available/g)?.length === 2"


class Town:
    """Alice has two tabs in Chromium, of a site under Daphne; bob has his in Firefox, of Uvicorn.

    `say` and `order` are what people do beside the desks.
    """

    def __init__(
        self,
        ending: ExitStack,
        sites: dict[str, Site],
        launch: Callable[[BrowserName], Browser],
    ) -> None:
        self.sites = sites
        self.browsers = [launch(name) for name in AGENTS.values()]
        self.company = Company(sites["alice"].database_url)
        ending.callback(self.company.close)
        self.desks: dict[str, list[Desk]] = {}
        for name, browser in AGENTS.items():
            self.desks[name] = [self._tab(launch(browser), name, tab) for tab in range(2)]
        self._alice = sites["alice"].login("alice")
        self._title = self.desks["alice"][0].shown().title

    def _tab(self, browser: Browser, name: str, number: int) -> Desk:
        profile = f"lost webhooks of {name}"
        url = self.sites[name].url
        desk = Desk(browser, url, key=f"{profile}, {number}", profile=profile, kind="window")
        if number:
            desk.load()
        else:
            desk.log_in(name)
        return desk

    @property
    def crashed(self) -> bool:
        """Whether a browser, or a page of one, has crashed."""
        return any(browser.crashed for browser in self.browsers)

    @property
    def tabs(self) -> list[tuple[str, Desk]]:
        """All tabs, each with its agent."""
        return [(name, desk) for name, desks in self.desks.items() for desk in desks]

    def say(self, word: str) -> None:
        """Say a word to the company."""
        self._alice.post(f"/calls/simulate/{word}/").raise_for_status()

    def ring(self) -> str:
        """Have a call come in; return its sid when it rings in each tab, and sounds in one."""
        for name, desk in self.tabs:
            wait_until(lambda d=desk: d.page.evaluate(BOTH_ARE_FREE), SOON, f"{name}: both free")
        before = self.company.newest()
        self._alice.post("/calls/simulate/").raise_for_status()
        sid = self.wait_for_call(before)
        wait_until(lambda: all(self._rings(name) for name in self.desks), SOON, "it rings at both")
        return sid

    def wait_for_call(self, before: str) -> str:
        """Wait until the company has a newer call than that, and return its sid."""
        newest = self.company.newest
        return str(wait_until(lambda: (new := newest()) != before and new, SOON, "a call begins"))

    def _rings(self, name: str) -> bool:
        shown = [desk.shown() for desk in self.desks[name]]
        return all(one.rings for one in shown) and sum(one.sounds for one in shown) == 1

    def answer(self, sid: str) -> None:
        """Have alice press Answer."""
        self.press("answer", sid)

    def press(self, control: str, sid: str) -> None:
        """Have alice click a control of a call, in her first tab."""
        self.desks["alice"][0].page.click(f"[data-sid={sid}] [data-part={control}]")

    def talk(self) -> str:
        """Have a call come in, which alice answers; return its sid when all desks show it."""
        sid = self.ring()
        self.answer(sid)
        wait_until(lambda: self.company.talk(sid), SOON, "alice talks")
        says = {"alice": "You are talking", "bob": "alice is talking"}
        for name, desk in self.tabs:
            wait_until(lambda d=desk, n=name: self.is_right(d, sid, says[n]), SOON, says[name])
        return sid

    def dial(self, number: str) -> str:
        """Have alice place a call; return its key when her desk shows it."""
        page = self.desks["alice"][0].page
        page.fill("#to", number)
        page.press("Enter")
        page.wait_for("document.querySelector('#active > li')")
        return str(page.evaluate("document.querySelector('#active > li').dataset.call"))

    def wait_for_complaint(self, text: str) -> None:
        """Wait until alice's desk complains so."""
        said = "document.querySelector('#complaint').textContent"
        self.desks["alice"][0].page.wait_for(f"{said}.includes({text!r})")

    def wait_until_said(self, name: str, sid: str, says: str, within: float) -> None:
        """Wait until an agent's first tab says that of a call."""
        desk = self.desks[name][0]
        wait_until(lambda: desk.shown().says.get(sid, "").startswith(says), within, says)

    def kill(self) -> None:
        """End both servers with SIGKILL."""
        for site in self.sites.values():
            site.kill()

    def start(self) -> float:
        """Start them again, and return when the last one took connections."""
        for site in self.sites.values():
            site.start()
        return time.time()

    def is_right(self, desk: Desk, sid: str, says: str, *, rings: bool = False) -> bool:
        """Tell whether a tab says that of a call, in doubt of nothing, and rings or is silent."""
        shown = desk.shown()
        title = shown.title.startswith("Call from") if rings else shown.title == self._title
        quiet = rings or not shown.sounds
        return shown.says.get(sid, "").startswith(says) and shown.rings == rings and title and quiet

    def settle(self) -> None:
        """End all calls, and have the company behave."""
        self.say("behave")
        for call in self._alice.get("/calls/").json()["calls"]:
            if call["ended_at"] is None:
                self._alice.post(f"/calls/{call['call']}/hangup/")
        wait_until(self._is_at_rest, 60, "all calls are over")

    def _is_at_rest(self) -> bool:
        calls = self._alice.get("/calls/").json()["calls"]
        return all(call["ended_at"] for call in calls)
