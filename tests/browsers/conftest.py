"""Browsers and sites, each started once for all tests of this folder, and the desks of one test.

They end with the last of these tests: a browser takes a tenth of a core while nobody uses it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.browsers.browser import BROWSERS, Browser, BrowserName
from tests.browsers.played_desk import PlayedDesk
from tests.processes.site import Sites
from tests.site import markdown
from tests.site.desk import Desk, OpenDesk
from tests.site.office import Office

PlayedDesks = Callable[[Browser], PlayedDesk]
NUMBERS = count(1)  # of the profiles; every test has its own cookies


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[[BrowserName], Browser]]:
    with ExitStack() as stack:
        browsers: dict[BrowserName, Browser] = {}

        def launched(name: BrowserName) -> Browser:
            if name not in browsers or browsers[name].crashed:
                browsers[name] = Browser(name)
                stack.callback(browsers[name].close)
            return browsers[name]

        yield launched


@pytest.fixture(params=BROWSERS)
def browser(
    request: pytest.FixtureRequest, launch: Callable[[BrowserName], Browser]
) -> Iterator[Browser]:
    browser = launch(request.param)
    before = len(browser.errors())
    yield browser
    assert not browser.errors()[before:]


@pytest.fixture(scope="package")
def open_office(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Callable[[float, float], Office]]:
    sites = Sites(tmp_path_factory.mktemp("site"), site_database, site_env)

    @cache
    def opened(interval: float, timeout: float) -> Office:
        env = {"HEARTBEAT_INTERVAL": str(interval), "HEARTBEAT_TIMEOUT": str(timeout)}
        return Office(sites("daphne", env=env), interval, timeout)

    yield opened
    sites.close()


@pytest.fixture
def quick(open_office: Callable[[float, float], Office]) -> Office:
    """Both sides notice a dead path within 4 s."""
    return open_office(1, 3)


@pytest.fixture
def patient(open_office: Callable[[float, float], Office]) -> Office:
    """Within 18 s, as by default: later than any test waits."""
    return open_office(10, 8)


@pytest.fixture(scope="module")
def played_desks(open_office: Callable[[float, float], Office]) -> Iterator[PlayedDesks]:
    """Each browser's desk whose server is played, logged in once for the tests of a file."""
    opened: dict[Browser, PlayedDesk] = {}

    def played(browser: Browser) -> PlayedDesk:
        if browser not in opened:
            key = str(next(NUMBERS))
            desk = Desk(browser, open_office(10, 8).url, key=key, profile=key, kind="window")
            opened[browser] = PlayedDesk(desk)
        return opened[browser]

    yield played
    for browser, played_desk in opened.items():
        if not browser.crashed:
            played_desk.page.close()


@pytest.fixture
def played(browser: Browser, played_desks: PlayedDesks) -> PlayedDesk:
    """This browser's desk whose server is played."""
    return played_desks(browser)


@pytest.fixture
def open_desk(browser: Browser) -> Iterator[OpenDesk]:
    """`open_desk(url)` opens a tab, without a login at first; all of one test share cookies."""
    profile = str(next(NUMBERS))
    desks: list[Desk] = []

    def opened(url: str) -> Desk:
        desks.append(Desk(browser, url, key=f"{profile}.{len(desks)}", profile=profile))
        return desks[-1]

    yield opened
    if not browser.crashed:
        for desk in desks:
            desk.page.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what lost webhooks cost; properties of reports come here from other processes too."""
    rows = [
        value
        for kind in ("passed", "failed")
        for one in terminalreporter.getreports(kind)
        if one.when == "call"
        for name, value in one.user_properties
        if name == "lost"
    ]
    if rows:
        heads = ("what is lost", "Chromium, s", "Firefox, s", "at most, s")
        terminalreporter.write_line(f"\n{markdown.table(heads, rows)}\n")
