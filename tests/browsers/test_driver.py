"""What a page answers when it goes elsewhere meanwhile, and when a browser dies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from tests.browsers.browser import Browser, BrowserCrashed, BrowserName, Page
from tests.site.office import Office

pytestmark = pytest.mark.processes

# In the command line of what dies: the process of a page, or of Firefox itself.
DYING: dict[BrowserName, str] = {
    "chromium": "--type=renderer",
    "firefox": "--remote-debugging-port",
    "webkit": "WebKitWebProcess",
}
SOON = 0.3  # seconds, after which the page goes elsewhere or dies
SLOW = "new Promise((done) => setTimeout(done, location.search ? 0 : 20_000, location.search))"


@pytest.fixture
def own_browser(request: pytest.FixtureRequest, quick: Office) -> Iterator[Browser]:
    browser = Browser(request.param)
    yield browser
    browser.close()


def opened(browser: Browser, office: Office) -> Page:
    page = browser.open("page")
    page.goto(f"{office.url}/login/")
    return page


def test_a_page_that_goes_elsewhere_is_asked_again(quick: Office, browser: Browser) -> None:
    page = opened(browser, quick)
    page.run(f"void setTimeout(() => location.search = '?there', {SOON * 1000})")
    assert page.evaluate(SLOW) == "?there"
    page.close()


def test_what_leads_elsewhere_is_done_once(quick: Office, browser: Browser) -> None:
    page = opened(browser, quick)
    page.run("void setTimeout(() => location.search += 'x')")
    page.wait_for("document.readyState === 'complete' && location.search")
    assert page.evaluate("location.search") == "?x"
    page.close()


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, children) for one in [child, *descendants(child)]]


def kill(browser: Browser) -> None:
    for pid in descendants(browser.driver_pid):
        if DYING[browser.name] in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("own_browser", DYING, indirect=True)
def test_a_crash_is_no_failure_of_what_is_tested(quick: Office, own_browser: Browser) -> None:
    page = opened(own_browser, quick)
    Timer(SOON, kill, [own_browser]).start()
    with pytest.raises(BrowserCrashed):
        page.evaluate(SLOW)
    assert own_browser.crashed
    with pytest.raises(BrowserCrashed):
        page.evaluate("1")
