"""A tab behind another one: its timers are slow, and a live connection must not need them."""

import time

import pytest

from realtime.testing import Cable
from tests.browsers.browser import Browser
from tests.processes.waiting import wait_until
from tests.site.desk import Desk, OpenDesk
from tests.site.office import Office

pytestmark = pytest.mark.processes

TICK = 1.0  # seconds: what all browsers round the timers of a hidden page up to
PROBE = 3.0  # seconds that a client waits for the pong to its own ping
BUSY = 6.0  # seconds more, because a browser and a server share a core

# A chain of timers, which is what Chromium slows down to one a minute.
TICKING = "(() => { const tick = () => { ticked = Date.now(); setTimeout(tick, 50); }; tick(); })()"
SLOW = {
    "chromium": 3.0,
    "firefox": 0.9,
    "webkit": 0.9,
}  # seconds without one show that they are slow


def hide(desk: Desk, open_desk: OpenDesk) -> None:
    """Put another tab before it."""
    open_desk(desk.url)
    # WebKit's windows and its pages are different processes.
    desk.page.wait_for("document.visibilityState === 'hidden'")


def test_a_hidden_tab_needs_no_timer_while_it_lives_and_notices_when_it_is_dead(
    browser: Browser, quick: Office, open_desk: OpenDesk
) -> None:
    others = quick.held_sockets()
    with Cable("127.0.0.1", quick.site.port) as cable:
        desk = open_desk(f"http://127.0.0.1:{cable.port}")
        desk.log_in("alice")
        [socket] = quick.held_sockets() - others
        hide(desk, open_desk)
        hidden_at = time.time()
        desk.page.run(TICKING)
        slow = SLOW[browser.name] * 1000
        wait_until(lambda: desk.page.evaluate("Date.now() - ticked") > slow, 20, "timers are slow")

        time.sleep(1.5 * quick.silence)
        sid = quick.ring()
        wait_until(lambda: desk.shown().calls.get(sid) == "ringing", BUSY, "the hidden desk rings")
        assert desk.lost_since(hidden_at) is None
        assert socket in quick.held_sockets()
        quick.hang_up(sid)

        cut_at = time.time()
        cable.cut()
        within = quick.silence + 2 * TICK + BUSY
        wait_until(lambda: desk.lost_since(cut_at), within, "the hidden desk notices")
        assert desk.status() == "No connection, trying again"


def test_shown_again_on_a_dead_path_it_notices_immediately(
    browser: Browser, patient: Office, open_desk: OpenDesk
) -> None:
    with Cable("127.0.0.1", patient.site.port) as cable:
        desk = open_desk(f"http://127.0.0.1:{cable.port}")
        desk.log_in("alice")
        hide(desk, open_desk)
        cable.cut()
        sid = patient.ring()
        patient.answer(sid)
        cable.forget()
        cable.heal()
        shown_at = time.time()
        assert sid not in desk.shown().calls
        desk.page.bring_to_front()
        wait_until(
            lambda: desk.shown().calls.get(sid) == "in-progress", PROBE + BUSY, "it is right"
        )
        assert desk.lost_since(shown_at)
        patient.hang_up(sid)
