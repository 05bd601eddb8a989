"""Browsers and sites, each started once for all tests of the run, and the desks of one test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.browsers.browser import Browser, BrowserName
from tests.browsers.desk import Desk, OpenDesk
from tests.browsers.office import Office
from tests.processes.site import Sites

NUMBERS = count(1)  # of the profiles; every test has its own cookies


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[BrowserName], Browser]]:
    with ExitStack() as stack:

        @cache
        def launched(name: BrowserName) -> Browser:
            browser = Browser(name)
            stack.callback(browser.close)
            return browser

        yield launched


@pytest.fixture(params=["chromium", "firefox"])
def browser(
    request: pytest.FixtureRequest, launch: Callable[[BrowserName], Browser]
) -> Iterator[Browser]:
    browser = launch(request.param)
    before = len(browser.complaints)
    yield browser
    # Firefox lists failed connections among what pages have thrown.
    assert not [text for _, text in browser.complaints[before:] if "ws://" not in text]


@pytest.fixture(scope="session")
def offices(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Callable[[float, float], Office]]:
    sites = Sites(tmp_path_factory.mktemp("offices"), site_database, site_env)

    @cache
    def open_office(interval: float, timeout: float) -> Office:
        env = {"HEARTBEAT_INTERVAL": str(interval), "HEARTBEAT_TIMEOUT": str(timeout)}
        return Office(sites("daphne", env=env), interval, timeout)

    yield open_office
    sites.close()


@pytest.fixture
def quick(offices: Callable[[float, float], Office]) -> Office:
    """Both sides know of a dead path within 4 s."""
    return offices(1, 3)


@pytest.fixture
def patient(offices: Callable[[float, float], Office]) -> Office:
    """Within 18 s, as without settings: too late for what a test waits for."""
    return offices(10, 8)


@pytest.fixture
def open_desk(browser: Browser) -> Iterator[OpenDesk]:
    """`open_desk(url)` is a tab before which nobody has logged in yet; all share their cookies."""
    profile = str(next(NUMBERS))
    desks: list[Desk] = []

    def opened(url: str) -> Desk:
        desks.append(Desk(browser, f"{profile}.{len(desks)}", profile, url))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.page.close()
