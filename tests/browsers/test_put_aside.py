"""A page that is frozen, left and come back to, or loaded again: it is right afterwards."""

import pytest

from tests.browsers.browser import Browser
from tests.processes.waiting import wait_until
from tests.site.desk import Desk, OpenDesk
from tests.site.office import Office

pytestmark = pytest.mark.processes

SOON = 8.0  # seconds: an attempt after a short wait, and a busy machine


def followed(open_desk: OpenDesk, office: Office) -> Desk:
    """Open a desk, and have it keep its events."""
    desk = open_desk(office.url)
    desk.log_in("alice")
    desk.follow()
    return desk


def is_over(desk: Desk, sid: str) -> bool:
    """Tell whether a desk shows that a call is over."""
    return desk.shown().calls.get(sid) == "completed"


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)  # no other freezes on request
@pytest.mark.parametrize("closes", [True, False], ids=["closed meanwhile", "still open"])
def test_a_frozen_page_is_right_once_thawed(
    browser: Browser, quick: Office, patient: Office, open_desk: OpenDesk, closes: bool
) -> None:
    office = quick if closes else patient
    others = office.held_sockets()
    desk = followed(open_desk, office)
    sockets = office.held_sockets() - others
    loaded, first = desk.shown().loaded, desk.position() + 1

    open_desk(office.url)  # comes before it: only what is hidden is frozen
    desk.page.cdp("Page.setWebLifecycleState", state="frozen")
    sid = office.whole_call()
    if closes:
        within = office.silence + SOON
        wait_until(lambda: not sockets & office.held_sockets(), within, "the server closes them")
    assert sid not in desk.shown().calls, "it isn't frozen"
    assert sockets <= office.held_sockets() or closes

    desk.page.cdp("Page.setWebLifecycleState", state="active")
    desk.page.bring_to_front()
    desk.wait_for_events(first, office.top(), SOON)
    wait_until(lambda: is_over(desk, sid), SOON, "it is right")
    assert desk.shown().loaded == loaded


def test_a_page_come_back_to_misses_nothing(
    browser: Browser, patient: Office, open_desk: OpenDesk
) -> None:
    """Firefox alone keeps no page that has a socket, and loads it again."""
    others = patient.held_sockets()
    desk = followed(open_desk, patient)
    loaded, first = desk.shown().loaded, desk.position() + 1
    patient.whole_call()
    desk.page.goto(f"{desk.url}/login/")
    # Before the server could notice by itself that nobody answers.
    wait_until(lambda: patient.held_sockets() <= others, SOON, "its sockets are closed")
    sid = patient.whole_call()

    desk.page.go_back()
    desk.page.wait_for("document.getElementById('desk')")
    kept = desk.shown().loaded == loaded
    assert kept is (browser.name != "firefox")
    if not kept:
        desk.wait_until_connected()
        desk.follow()
        first = desk.position() + 1
    desk.wait_for_events(first, patient.top(), SOON)
    wait_until(lambda: is_over(desk, sid), SOON, "it is right")
    assert desk.shown().connection == "open"
    assert len(patient.held_sockets() - others) == 2, "one of the desk's, one of the follower's"


def test_loaded_again_it_starts_from_its_own_position(quick: Office, open_desk: OpenDesk) -> None:
    desk = followed(open_desk, quick)
    before = quick.whole_call()
    desk.load()
    assert is_over(desk, before)
    assert desk.position() == quick.top()
    desk.follow()
    after = quick.whole_call()
    desk.wait_for_events(desk.position() + 1, quick.top(), SOON)
    wait_until(lambda: is_over(desk, after), SOON, "it is right")
