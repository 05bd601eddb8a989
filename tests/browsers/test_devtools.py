"""The developer's overlay, on a page with a strict Content-Security-Policy, in each browser."""

import json
from collections.abc import Iterator

import pytest

from tests.browsers.browser import Browser, Page
from tests.processes.site import Site, Sites

pytestmark = pytest.mark.processes

VIOLATIONS = """
violations = [];
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  violations.push(`${effectiveDirective} ${blockedURI}`));
"""
PANEL = "document.querySelector('realtime-devtools').shadowRoot"
OPEN = "window.client?.state === 'open' && client.subscribe('me').live"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, site_database: object, site_env: dict[str, str]
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("devtools")
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.browsers.strict_settings",
        "STATIC_ROOT": str(directory / "static"),
        "STATICFILES_STORAGE": "AggregatingStorage",
        "HEARTBEAT_INTERVAL": "1",
        "HEARTBEAT_TIMEOUT": "4",
    }
    sites = Sites(directory, site_database, site_env)
    site = sites("daphne", env=env, app="tests.browsers.strict_asgi:application")
    site.manage("collectstatic", "--noinput")
    yield site
    sites.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.open("devtools", site.url)
    page.before_scripts(VIOLATIONS)
    page.login(site.url, "alice")
    page.wait_for("document.readyState === 'complete'")  # WebKit leaves no page that still loads.
    page.goto(f"{site.url}/devtools/")
    page.wait_for(OPEN)
    page.run(f"{PANEL}.querySelector('details').open = true")
    yield page
    if not browser.crashed:
        page.close()


def press(page: Page, button: str) -> None:
    page.run(f"{PANEL}.querySelector('#{button}').click()")


def shows(page: Page, text: str) -> None:
    page.wait_for(f"{PANEL}.textContent.includes({json.dumps(text)})")


def publish(page: Page, number: int) -> None:
    page.run(f"fetch('/note/{number}/')")


def test_a_developer_sees_the_connection_and_disturbs_it(page: Page) -> None:
    me = page.evaluate("client.me")
    shows(page, "Realtime: open")
    publish(page, 1)
    page.wait_for("seen.length === 1")
    shows(page, '"name":"note","data":1')
    offset = page.evaluate("client.subscribe('me').position.offset")
    shows(page, f"{me}{page.evaluate('client.subscribe(`me`).position.epoch')} {offset}")

    press(page, "replay")
    publish(page, 2)
    publish(page, 3)
    shows(page, "Replay 2")
    assert page.evaluate("seen") == [[1, False]]
    press(page, "replay")
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [[1, False], [2, True], [3, True]]

    press(page, "delay")
    # A second there, and one back.
    page.wait_for(f"/Latency (19|2\\d)\\d\\d ms/.test({PANEL}.textContent)")
    press(page, "delay")
    page.wait_for(f"/Latency \\d{{1,3}} ms/.test({PANEL}.textContent)")

    page.run("states.length = 0")
    press(page, "lose")
    page.wait_for("states.at(-1) === 'open'")
    press(page, "freeze")
    publish(page, 4)
    page.wait_for("client.state !== 'open'")
    shows(page, "frozen")
    press(page, "freeze")
    page.wait_for("seen.length === 4 && client.state === 'open'")
    assert page.evaluate("violations") == []
