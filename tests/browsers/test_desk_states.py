"""How the desk looks in each of its states; test_desk_axe.py has what axe-core finds in them."""

import pytest

from tests.browsers.browser import Browser
from tests.browsers.played_desk import PlayedDesk

pytestmark = pytest.mark.processes

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

    assert played.in_each_state(look) == {}


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
