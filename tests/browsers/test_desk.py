"""Two agents at their desks, with a real server and the simulated phone company."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.browsers.browser import Browser
from tests.processes.waiting import wait_until
from tests.site.desk import Desk
from tests.site.office import Office

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True),
]

SOON = 8.0  # seconds, for a webhook or two on a busy machine
NUMBERS = count(1)  # of the profiles


class Agent:
    """An agent with any number of tabs, of which the last one is in front."""

    def __init__(self, browser: Browser, office: Office, name: str) -> None:
        self._browser = browser
        self._profile = f"agents.{next(NUMBERS)}"
        self._office = office
        self.tabs: list[Desk] = []
        self.open_tab()
        self.tabs[0].log_in(name)

    @property
    def desk(self) -> Desk:
        return self.tabs[-1]

    def open_tab(self) -> Desk:
        key = f"{self._profile}.{len(self.tabs)}"
        profile = self._profile
        self.tabs.append(
            Desk(self._browser, self._office.url, key=key, profile=profile, kind="window")
        )
        return self.desk

    def close(self) -> None:
        for tab in self.tabs:
            tab.page.close()

    def rings(self) -> bool:
        """Tell whether all tabs show a call that rings, and one of them sounds."""
        shown = [tab.shown() for tab in self.tabs]
        return all(one.rings for one in shown) and sum(one.sounds for one in shown) == 1

    def is_silent(self) -> bool:
        """Tell whether nothing rings, to the eye or to the ear."""
        return not any(one.rings or one.sounds for one in (tab.shown() for tab in self.tabs))

    def says(self, text: str, place: str) -> bool:
        """Tell whether a call in a place of the desk has this status."""
        parts = f"[...document.querySelectorAll('#{place} [data-part=status]')]"
        return bool(self.desk.page.evaluate(f"{parts}.some((one) => one.innerText === {text!r})"))

    def wait_until_it_says(self, text: str, place: str) -> None:
        wait_until(lambda: self.says(text, place), SOON, f"{place}: {text}")

    def has_a_call(self) -> bool:
        """Tell whether the agent talks or places a call."""
        return bool(self.desk.page.evaluate("document.querySelector('#active > li') !== null"))

    def sees_away(self) -> bool:
        """Tell whether somebody is away."""
        people = "document.querySelector('#people').innerText"
        return "away" in self.desk.page.evaluate(people)

    def press(self, name: str) -> None:
        """Click a control of the first call that has it, as soon as it works."""
        control = f".call [data-part={name}]:not([hidden], [aria-disabled=true])"
        self.desk.page.wait_for(f"document.querySelector('{control}') !== null")
        self.desk.page.click(control)


@pytest.fixture
def agents(browser: Browser, quick: Office) -> Iterator[tuple[Agent, Agent]]:
    both = Agent(browser, quick, "alice"), Agent(browser, quick, "bob")
    for agent in both:
        people = "document.querySelectorAll('#people > li').length"
        wait_until(
            lambda agent=agent, p=people: agent.desk.page.evaluate(p) == 2, SOON, "both are here"
        )
    yield both
    quick.end_calls()
    if not browser.crashed:
        for agent in both:
            agent.close()


def test_a_declined_call_rings_on_until_somebody_answers(
    quick: Office, agents: tuple[Agent, Agent]
) -> None:
    alice, bob = agents
    alice.open_tab().load()
    sid = quick.ring()
    wait_until(lambda: alice.rings() and bob.rings(), SOON, "it rings at both, once each")
    bob.desk.page.press("d")
    wait_until(bob.is_silent, SOON, "bob is left in peace")
    assert alice.rings()
    alice.desk.page.press("a")
    wait_until(alice.is_silent, SOON, "all tabs are silent")
    alice.wait_until_it_says("You are talking", "active")
    bob.wait_until_it_says("alice is talking", "others")
    alice.press("hangup")
    wait_until(lambda: bob.desk.shown().calls.get(sid) == "completed", SOON, "it is over")
    assert any(bob.says(f"Answered by alice, 00:0{n}", "last") for n in range(10))


def test_who_has_a_call_can_hold_and_transfer_it(
    quick: Office, agents: tuple[Agent, Agent]
) -> None:
    alice, bob = agents
    quick.ring()
    wait_until(alice.rings, SOON, "it rings")
    alice.press("answer")
    alice.wait_until_it_says("You are talking", "active")
    alice.press("hold")
    alice.wait_until_it_says("On hold", "active")
    bob.wait_until_it_says("alice has this call on hold", "others")
    alice.press("hold")
    alice.wait_until_it_says("You are talking", "active")
    alice.press("transfer")
    alice.desk.page.click("[data-part=targets] button")
    bob.wait_until_it_says("alice transfers this call to you", "incoming")
    wait_until(bob.rings, SOON, "it rings at bob's")
    bob.desk.page.press("a")
    bob.wait_until_it_says("You are talking", "active")
    assert bob.is_silent()
    alice.wait_until_it_says("bob is talking", "others")
    bob.press("hangup")
    wait_until(lambda: not bob.has_a_call(), SOON, "it is over")


def test_a_placed_call_says_which_side_rings(agents: tuple[Agent, Agent]) -> None:
    alice, bob = agents
    alice.desk.page.fill("#to", "+1 555 010 0199")
    alice.desk.page.press("Enter")
    alice.wait_until_it_says("Ringing there", "active")
    alice.wait_until_it_says("You are talking", "active")
    bob.wait_until_it_says("alice is talking", "others")
    assert alice.is_silent() and bob.is_silent()
    alice.press("hangup")
    wait_until(lambda: not alice.has_a_call(), SOON, "it is over")


def test_an_agent_who_is_away_is_not_called(quick: Office, agents: tuple[Agent, Agent]) -> None:
    alice, bob = agents
    alice.desk.page.click("#availability")
    wait_until(bob.sees_away, SOON, "bob sees it")
    sid = quick.ring()
    wait_until(bob.rings, SOON, "it rings at bob's")
    wait_until(lambda: sid in alice.desk.shown().calls, SOON, "alice sees it")
    assert alice.is_silent()
    bob.press("reject")
    bob.desk.page.click("#reject-dialog .stop")
    wait_until(lambda: alice.says("Rejected by bob", "last"), SOON, "it is rejected for all")
    alice.desk.page.click("#availability")
    wait_until(lambda: not bob.sees_away(), SOON, "she is back")
