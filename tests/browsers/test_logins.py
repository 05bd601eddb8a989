"""Several tabs of one browser, which share the login: one user's, then another's, then nobody's."""

import time
from pathlib import Path

import pytest

from tests.browsers.browser import BROWSERS
from tests.processes.waiting import wait_until
from tests.site.desk import Desk, OpenDesk
from tests.site.office import Office

pytestmark = pytest.mark.processes

# Three scenarios, each in two of the three browsers.
WITHOUT_CHROMIUM, WITHOUT_FIREFOX, WITHOUT_WEBKIT = (
    pytest.mark.parametrize("browser", [name for name in BROWSERS if name != other], indirect=True)
    for other in BROWSERS
)

SOCKETS = Path(__file__).with_name("sockets.js").read_text()
SOON = 20.0  # seconds
AWAY = 1.0  # seconds: twice as long as the first wait of one that comes back


def wait_for_login_page(desk: Desk) -> None:
    # Puppeteer's own waits in a page that Firefox keeps in its cache.
    path = "location.pathname"
    wait_until(lambda: desk.page.evaluate(path) == "/login/", SOON, "it is the login page")


@WITHOUT_CHROMIUM
def test_two_tabs_get_each_event_once(quick: Office, open_desk: OpenDesk) -> None:
    hidden, seen = open_desk(quick.url), open_desk(quick.url)
    hidden.log_in("alice")
    seen.load()
    first = max(desk.position() for desk in (hidden, seen)) + 1
    for desk in hidden, seen:
        desk.follow()
    sid = quick.whole_call()
    for desk in hidden, seen:
        desk.wait_for_events(first, quick.top(), SOON)
        wait_until(
            lambda desk=desk: desk.shown().calls.get(sid) == "completed", SOON, "it is right"
        )


@WITHOUT_FIREFOX
def test_a_tab_is_signed_out_by_another_login_and_becomes_its_desk(
    quick: Office, open_desk: OpenDesk
) -> None:
    desk, other = open_desk(quick.url), open_desk(quick.url)
    desk.page.before_scripts(SOCKETS)
    desk.log_in("alice")
    loaded = desk.shown().loaded
    other.log_in("bob")
    wait_until(lambda: desk.shown().connection == "closed", SOON, "it is signed out")
    desk.page.bring_to_front()
    desk.page.click("#reload")
    desk.page.wait_for("document.querySelector('.name')?.textContent === 'bob'")
    desk.wait_until_connected()
    sid = quick.ring()
    wait_until(lambda: desk.shown().calls.get(sid) == "ringing", SOON, "it is right")
    assert desk.shown().loaded > loaded
    events = [
        frame[1:]
        for frame in desk.page.evaluate("received()")
        if frame[0] in ("event", "subscribed") and frame[2].startswith("user.")
    ]
    assert events, "nothing was recorded"
    assert all(owner == stream for owner, stream in events), "another user's than the page's"
    quick.hang_up(sid)


@WITHOUT_WEBKIT
def test_a_tab_stays_away_after_a_logout_and_says_so(quick: Office, open_desk: OpenDesk) -> None:
    desk, other = open_desk(quick.url), open_desk(quick.url)
    desk.page.before_scripts(SOCKETS)
    desk.log_in("alice")
    other.load()
    other.page.click(".who button")
    wait_for_login_page(other)
    wait_until(lambda: desk.shown().connection == "closed", SOON, "it is signed out")
    attempts = desk.page.evaluate("attempts")
    time.sleep(AWAY)
    assert desk.page.evaluate("attempts") == attempts
    trouble = desk.page.evaluate("document.getElementById('trouble').innerText")
    assert trouble == "You are signed out; this desk gets no more calls Reload"
    desk.page.bring_to_front()
    desk.page.click("#reload")
    wait_for_login_page(desk)
