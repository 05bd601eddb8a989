"""What clicks and keys on the desk ask for, and what it says."""

import re
import uuid

import pytest

from tests.browsers.played_desk import DRAWN, PlayedDesk
from tests.processes.waiting import wait_until
from tests.site.desk import OpenDesk
from tests.site.office import Office

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True),
]

SILENCED = """
Object.defineProperty(AudioContext.prototype, "state", {
  get: () => (globalThis.isAllowed ? "running" : "suspended"),
});
"""
ALLOWED = """
globalThis.isAllowed = true;
for (const context of contexts) context.dispatchEvent(new Event("statechange"));
"""
CONTEXTS = """
globalThis.contexts = [];
globalThis.AudioContext = class extends AudioContext {
  constructor() {
    super();
    contexts.push(this);
  }
};
"""
FOCUSED = "document.activeElement.textContent.trim()"


def test_one_click_is_one_request_with_a_token(played: PlayedDesk) -> None:
    played.load("ringing")
    played.page.run(
        "for (let n = 0; n < 3; n += 1) document.querySelector('[data-part=answer]').click()"
    )
    played.wait_for_posts("calls/21/answer/")
    [(_, fields)] = played.posts()
    assert uuid.UUID(fields["token"])
    assert not played.desk.shown().rings, "it goes on ringing"


def test_keys_belong_to_the_newest_call_that_rings(played: PlayedDesk) -> None:
    played.load("two ring")
    assert played.page.evaluate("document.title") == "Call from +442079460999"
    played.page.press("d")
    played.wait_for_posts("calls/19/decline/")
    played.page.press("a")
    played.wait_for_posts("calls/19/decline/", "calls/21/answer/")


def test_keys_mean_nothing_while_a_person_types(played: PlayedDesk) -> None:
    played.load("ringing")
    played.page.fill("#to", "add a")
    assert played.posts() == []


def test_declining_is_for_this_agent_and_rejecting_is_a_question(played: PlayedDesk) -> None:
    played.load("ringing")
    reject = played.part("reject")
    played.page.run(f"document.querySelector('{reject}').focus()")
    played.page.press("Enter")
    played.wait_for_text("#reject-question", "Reject +1 555 010 0123 for everybody?")
    assert played.page.evaluate(FOCUSED) == "Keep ringing"
    played.page.press("a")
    played.page.press("Escape")
    played.page.wait_for("!document.querySelector('dialog').open")
    assert played.posts() == []

    played.page.press("Enter")
    played.page.wait_for("document.querySelector('dialog').open")
    played.page.press("Tab")
    assert played.page.evaluate(FOCUSED) == "Reject the caller"
    played.page.press("Enter")
    played.wait_for_posts("calls/21/hangup/")


def test_the_question_goes_with_its_call(played: PlayedDesk) -> None:
    played.load("ringing")
    played.page.run(f"document.querySelector('{played.part('reject')}').click()")
    call = "scenes('ringing', { id: 1 }, Date.now()).calls[0]"
    played.page.run(
        f"server.change({{ ...{call}, version: 2, state: 'completed', outcome: 'gave-up' }})"
    )
    played.page.wait_for("!document.querySelector('dialog').open")
    played.wait_for_text("#news", "The caller gave up: +1 555 010 0123")
    assert played.posts() == []


def test_somebody_else_is_answering(played: PlayedDesk) -> None:
    played.load("ringing")
    assert played.desk.shown().rings
    call = "scenes('somebody answers', { id: 1 }, Date.now()).calls[0]"
    played.page.run(f"server.change({{ ...{call}, version: 2, claimed_until: Date.now() + 3000 }})")
    played.wait_for_text("#incoming [data-part=status]", "Bob Marley is answering")
    shown = played.desk.shown()
    assert not shown.rings and not shown.sounds
    assert not played.page.evaluate(
        f"document.querySelector('{played.part('answer')}').checkVisibility()"
    )


def test_the_agent_who_talks_has_all_controls(played: PlayedDesk) -> None:
    played.load("talking")
    played.page.click(played.part("mute"))
    pressed = f"document.querySelector('{played.part('mute')}').ariaPressed"
    wait_until(lambda: played.page.evaluate(pressed) == "true", DRAWN, "it is muted")
    played.page.click(played.part("keypad"))
    played.page.click("[data-digits='5']")
    assert played.posts() == [], "the server has no part in that"
    played.page.click(played.part("hold"))
    played.wait_for_posts("calls/20/hold/")
    assert played.posts()[0][1]["on"] == "1"


def test_a_call_is_transferred_to_an_agent_who_is_available(played: PlayedDesk) -> None:
    played.load("talking")
    played.page.click(played.part("transfer"))
    assert played.text("[data-part=targets]") == "Carol"
    played.page.click("[data-part=targets] button")
    played.wait_for_posts("calls/20/transfer/")
    assert played.posts()[0][1]["to"] == "903"


def test_without_a_connection_nothing_pretends_to_work(played: PlayedDesk) -> None:
    played.load("ringing")
    played.page.run("server.lose()")
    wait_until(lambda: played.is_off(played.part("answer")), DRAWN, "it says so")
    assert re.match("Connection lost", played.page.evaluate("document.title"))
    for control in ("#place", "#availability", "#simulate", played.part("decline")):
        assert played.is_off(control), control
    played.page.run(f"document.querySelector('{played.part('answer')}').click()")
    played.wait_for_text("#complaint", "This needs the connection, which is lost")
    assert played.posts() == []


def test_what_is_being_done_is_not_complained_about(played: PlayedDesk) -> None:
    played.load("ringing")
    decline = f"document.querySelector('{played.part('decline')}')"
    played.page.run(f"{decline}.click()")
    played.wait_for_posts("calls/21/decline/")
    wait_until(lambda: played.is_off(played.part("decline")), DRAWN, "it is being done")
    played.page.run(f"{decline}.click()")
    assert played.text("#complaint") == ""


def test_an_agent_who_talks_has_to_hold_that_call_first(played: PlayedDesk) -> None:
    played.load("talking and ringing")
    answer = played.part("answer", "#incoming")
    wait_until(lambda: played.is_off(answer) and played.is_off("#place"), DRAWN, "it says so")
    played.page.press("a")
    played.wait_for_text("#complaint", "You are talking. Put that call on hold first.")
    assert played.posts() == []
    played.load("held")
    assert not played.is_off(answer) and not played.is_off("#place")


def test_digits_leave_a_trace(played: PlayedDesk) -> None:
    played.load("talking")
    played.page.click(played.part("keypad"))
    for digit in "42#":
        played.page.click(f"[data-digits='{digit}']")
    played.wait_for_text(played.part("digits"), "42#")


def test_words_in_force_are_seen(played: PlayedDesk) -> None:
    played.load("quiet")
    played.page.run("server.answer = () => [202, { in_force: ['late', 'twice'] }]")
    played.page.run("document.querySelector('[data-word=late]').click()")
    line = "document.getElementById('in-force').textContent"
    said = "The company misbehaves: late, twice."
    wait_until(lambda: played.page.evaluate(line) == said, DRAWN, "it says so")
    pressed = "[...document.querySelectorAll('[data-word][aria-pressed=true]')].length"
    assert played.page.evaluate(pressed) == 2


def test_a_lost_connection_is_seen_beside_a_complaint_and_ends_no_conversation(
    played: PlayedDesk,
) -> None:
    played.load("talking")
    mute = played.part("mute")
    played.page.click(mute)
    played.page.run("server.lose()")
    doubt = played.part("doubt", "#active")
    played.wait_for_text(doubt, "May be over by now")
    assert played.text(played.part("status", "#active")) == "You are talking"
    assert played.text(played.part("clock", "#active")) != ""
    pressed = f"document.querySelector('{mute}').ariaPressed"
    assert played.page.evaluate(pressed) == "true" and not played.is_off(mute)
    played.page.run(f"document.querySelector('{played.part('hold')}').click()")
    played.wait_for_text("#complaint", "This needs the connection, which is lost")
    assert played.page.evaluate("document.querySelector('#trouble').offsetHeight") > 10
    played.page.run("server.heal()")
    wait_until(lambda: played.text("#complaint") == "", 12, "its cause has gone")


def test_a_request_without_an_answer_is_repeated_once_as_the_same(played: PlayedDesk) -> None:
    played.load("ringing")
    played.page.run("server.answer = () => [502, null]")
    played.page.click(played.part("answer"))
    played.wait_for_posts("calls/21/answer/", "calls/21/answer/")
    [(_, first), (_, second)] = played.posts()
    assert first == second
    wait_until(lambda: "isn't known" in played.text("#complaint"), DRAWN, "it says so")


def test_a_silent_tab_says_so_largely_and_flashes_its_title(
    open_desk: OpenDesk, patient: Office
) -> None:
    played = PlayedDesk(open_desk(patient.url))
    played.page.before_scripts(SILENCED)
    played.page.before_scripts(CONTEXTS)
    played.load("ringing")
    top = "document.getElementById('notices').dataset.top"
    wait_until(lambda: played.page.evaluate(top) == "sound", DRAWN, "it says so")
    size = "parseFloat(getComputedStyle(document.getElementById('sound-hint')).fontSize)"
    assert played.page.evaluate(size) > 20
    titles = {"Call from +1 555 010 0123", "Ringing without sound"}
    seen: set[str] = set()
    wait_until(
        lambda: titles <= (seen.add(played.page.evaluate("document.title")) or seen),
        8,
        "it flashes",
    )
    played.page.run(ALLOWED)
    played.page.wait_for("document.getElementById('notices').dataset.top === ''")


def test_the_history_is_searched_and_goes_back(played: PlayedDesk) -> None:
    played.load("quiet")
    played.page.click("#more")
    played.page.wait_for("document.getElementById('more').hidden")
    played.page.fill("[name=q]", "0123")
    played.page.press("Enter")
    played.page.wait_for("!document.getElementById('more').hidden")
    assert played.page.evaluate("document.querySelectorAll('#last > li').length") == 9
    assert played.text("#last li:nth-child(3) [data-part=status]") == "Rejected by you"
    source = "document.querySelector('.message:not([hidden]) audio').getAttribute('src')"
    assert played.page.evaluate(source) == "calls/5/message/"


def test_of_two_tabs_one_sounds_and_then_the_other(open_desk: OpenDesk, patient: Office) -> None:
    first = PlayedDesk(open_desk(patient.url))
    second = PlayedDesk(open_desk(patient.url), logs_in=False)
    for tab in (first, second):
        tab.load("ringing")
    tabs = [first.desk, second.desk]
    sounding = [False, True]
    wait_until(lambda: sorted(tab.shown().sounds for tab in tabs) == sounding, DRAWN, "one sounds")
    assert all(tab.shown().rings for tab in tabs), "both show it"
    [loud] = [tab for tab in tabs if tab.shown().sounds]
    [silent] = [tab for tab in tabs if tab is not loud]
    loud.page.goto(f"{patient.url}/login/")
    wait_until(lambda: silent.shown().sounds, DRAWN, "the other takes over")
