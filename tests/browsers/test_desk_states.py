"""How the desk looks and reads in each of its states, to people and to axe-core."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browsers.browser import Browser, Page
from tests.browsers.played_desk import HERE, PlayedDesk
from tests.processes.programs import lacking
from tests.site.office import Office
from tests.site.supervisor import open_supervisor

pytestmark = pytest.mark.processes

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

SOON = "new Promise((done) => setTimeout(done, 50))"
FINDINGS = """
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`)))
"""
COVERED = """
[...document.querySelectorAll("button, input, select, audio")].filter((control) => {
  if (!control.checkVisibility() || control.closest("dialog")) return false;
  control.scrollIntoView({ block: "center" });
  const { x, y, width, height } = control.getBoundingClientRect();
  const top = document.elementFromPoint(x + width / 2, y + height / 2);
  return !control.contains(top) || width < 24 || height < 24;
}).map(({ outerHTML }) => outerHTML)
"""
POSITIONS = """
[...document.querySelectorAll("button, input, select")].filter((one) => one.checkVisibility())
  .map((one) => [one, one.getBoundingClientRect()])
  .map(([{ textContent }, { x, y }]) => [textContent.trim(), x, y])
"""

TROUBLE = """
document.getElementById("trouble").textContent = "No connection: what is shown may be old.";
document.getElementById("no-unreceived").hidden = true;
document.getElementById("unreceived").innerHTML =
  "<li>14:03:21 +1 555 010 0123: not received by alice. bob talks.</li>";
"""
BROKEN_WORDS = """
[...document.querySelectorAll("#desks th, #desks td")].flatMap((cell) => {
  const text = cell.firstChild;
  return [...(text?.data ?? "").matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return range.getClientRects().length > 1;
  }).map(([word]) => word);
})
"""


@pytest.fixture(scope="module")
def axe() -> str:
    path = HERE / "node_modules/axe-core/axe.min.js"
    if not path.exists():
        lacking("axe-core is not installed")
    return path.read_text()


def findings(page: Page, axe: str) -> list[str]:
    page.run(axe)
    return list(page.evaluate(FINDINGS))


def in_each_state(played: PlayedDesk, look: Callable[[], Any]) -> dict[str, Any]:
    """Look at each state, as it is and with more of it open; return what was found, by state."""
    found = {}
    played.load("quiet")
    for scene in SCENES:
        played.show(scene)
        found[scene] = look()
        if scene in OPEN:
            played.page.run(OPEN[scene])
            found[f"{scene}, open"] = look()
            played.page.run("document.querySelector('dialog').close()")
    played.show("ringing")
    played.page.run("server.lose()")
    found["lost"] = look()
    return {scene: what for scene, what in found.items() if what}


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)  # no other takes orders about it
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(played: PlayedDesk, axe: str, scheme: str) -> None:
    # Without motion, so that no colour is one of those between two.
    played.page.prefer(color_scheme=scheme, reduced_motion="reduce")
    assert in_each_state(played, lambda: findings(played.page, axe)) == {}


@pytest.mark.parametrize("browser", ["firefox"], indirect=True)
def test_axe_finds_nothing_in_another_browser(played: PlayedDesk, axe: str) -> None:
    played.page.resize(360, 740)
    for scene in ("talking and ringing", "quiet"):
        played.load(scene)
        assert findings(played.page, axe) == []


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_the_supervisors_page_reads_well(browser: Browser, patient: Office, axe: str) -> None:
    page = open_supervisor(browser, patient.url, "states.sue")
    page.run(TROUBLE)
    for width in (1280, 360):
        page.resize(width, 740)
        for scheme in ("light", "dark"):
            page.prefer(color_scheme=scheme, reduced_motion="reduce")
            assert findings(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(BROKEN_WORDS) == []
    page.close()


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_covered_or_cut_off(played: PlayedDesk, width: int) -> None:
    """A control can be hit where it is seen, and the page doesn't scroll sideways."""
    played.page.resize(width, 740)

    def look() -> list[str]:
        covered = [] if played.page.evaluate("document.querySelector('dialog').open") else COVERED
        wide = "document.querySelector('#desk').scrollWidth - innerWidth"
        return [
            *(played.page.evaluate(covered) if covered else []),
            *["wide"] * (max(0, played.page.evaluate(wide))),
        ]

    assert in_each_state(played, look) == {}


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_a_notice_moves_no_button(played: PlayedDesk) -> None:
    played.load("ringing")
    before = played.page.evaluate(POSITIONS)
    assert len(before) > 5
    played.page.run("server.lose()")
    played.page.wait_for("document.getElementById('notices').dataset.top === 'trouble'")
    assert played.page.evaluate(POSITIONS) == before


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_the_page_has_one_bar_to_scroll_and_its_rows_one_set_of_columns(played: PlayedDesk) -> None:
    played.load("talking")
    cells = "[...document.querySelectorAll('#last [data-part=status]')]"
    begins = f"{cells}.map((one) => Math.round(10 * one.getBoundingClientRect().x))"
    assert len(set(played.page.evaluate(begins))) == 1
    played.page.resize(360, 740)
    assert played.page.evaluate("document.querySelector('.bar').offsetWidth - innerWidth") == 0
    sizes = "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)"
    assert played.page.evaluate(f"{sizes}(document.documentElement)") == 0
    played.page.resize(1280, 740)


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_nothing_moves_for_those_who_want_that(played: PlayedDesk) -> None:
    moving = "document.getAnimations().length"
    played.page.prefer(reduced_motion="no-preference")
    played.load("talking and ringing")
    assert played.page.evaluate(moving) > 0
    played.page.prefer(reduced_motion="reduce")
    assert played.page.evaluate(moving) == 0


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_the_active_call_is_the_largest(browser: Browser, played: PlayedDesk) -> None:
    played.load("talking and ringing")
    area = "(({ width, height }) => width * height)"
    areas = (
        f"[...document.querySelectorAll('.call')].map((one) => {area}(one.getBoundingClientRect()))"
    )
    first, *others = played.page.evaluate(areas)
    assert first > max(others)
