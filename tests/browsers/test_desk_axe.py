"""What axe-core finds on the desk in each of its states: nothing, in light and in dark colours."""

import pytest

from tests.browsers.browser import Browser, Page
from tests.browsers.played_desk import HERE, PlayedDesk
from tests.processes.programs import lacking
from tests.site.office import Office
from tests.site.supervisor import open_supervisor

pytestmark = pytest.mark.processes

FINDINGS = """
axe.run(document, { resultTypes: ["violations"], ...%s }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`)))
"""
ALL_RULES = "{}"
COLOURS = "{ runOnly: ['color-contrast'] }"

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
    # Where a page has it already, it is not run again.
    return f"if (!window.axe) {{ {path.read_text()} }}"


def findings(page: Page, axe: str, rules: str = ALL_RULES) -> list[str]:
    page.run(axe)
    return list(page.evaluate(FINDINGS % rules))


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)  # no other takes orders about it
def test_axe_finds_nothing(played: PlayedDesk, axe: str) -> None:
    def look() -> list[str]:
        found = []
        # Without motion, so that no colour is one of those between two.
        for scheme, rules in (("dark", COLOURS), ("light", ALL_RULES)):
            played.page.prefer(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{scheme}: {one}" for one in findings(played.page, axe, rules)]
        return found

    assert played.in_each_state(look) == {}


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
        for scheme, rules in (("light", ALL_RULES), ("dark", COLOURS)):
            page.prefer(color_scheme=scheme, reduced_motion="reduce")
            assert findings(page, axe, rules) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(BROKEN_WORDS) == []
    page.close()
