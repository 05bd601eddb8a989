"""Two users on two pages: what each sees of the other who comes, loads the page again and goes."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.browsers.browser import Browser
from tests.browsers.presence_settings import OFFLINE_AFTER
from tests.processes.site import Site, Sites
from tests.processes.waiting import wait_until
from tests.site.desk import Desk

pytestmark = pytest.mark.processes

SOON = 15.0  # seconds: a write, a sweep and an event, on a busy machine
NUMBERS = count(1)  # of the profiles
COLLEAGUES = """
[...document.querySelectorAll(".person-name")].map(({ textContent }) => textContent)
  .filter((name) => !name.endsWith("(you)")).join()
"""
NOTED = f"""
window.seen = [];
new MutationObserver(() => seen.push({COLLEAGUES.strip()}))
  .observe(document.getElementById("people"), {{ childList: true }});
"""


@pytest.fixture(scope="module")
def hasty_site(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Site]:
    sites = Sites(tmp_path_factory.mktemp("presence"), site_database, site_env)
    yield sites("daphne", env={"DJANGO_SETTINGS_MODULE": "tests.browsers.presence_settings"})
    sites.close()


def logged_in(browser: Browser, site: Site, username: str) -> Desk:
    """Open the desk of a user, with cookies of its own."""
    profile = f"presence.{next(NUMBERS)}"
    desk = Desk(browser, site.url, key=profile, profile=profile, kind="window")
    desk.log_in(username)
    return desk


def wait_for(desk: Desk, name: str, within: float) -> None:
    wait_until(
        lambda: desk.page.evaluate(COLLEAGUES) == name, within, f"{name or 'nobody'} is here"
    )


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_users_see_each_other_come_and_go(browser: Browser, hasty_site: Site) -> None:
    alice = logged_in(browser, hasty_site, "alice")
    wait_for(alice, "", SOON)
    bob = logged_in(browser, hasty_site, "bob")
    wait_for(bob, "alice", SOON)
    wait_for(alice, "bob", SOON)

    alice.page.run(NOTED)
    bob.load()
    wait_for(bob, "alice", SOON)
    closed_at = time.time()
    bob.page.close()
    wait_for(alice, "", OFFLINE_AFTER + SOON)
    assert time.time() - closed_at > OFFLINE_AFTER - 0.5, "bob left when he loaded the page again"
    assert alice.page.evaluate("seen") == [""]
    alice.page.close()
