"""How long a page in Chromium takes to its first frame, over a line with a round trip of 100 ms.

``pytest -s -q tests/browsers/first_frame.py`` prints the table of ``docs/browser.md``. Nothing is
cached, and the files come over HTTP/1.1; the socket itself has no delay.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from tests.browsers.browser import Browser, BrowserName
from tests.browsers.test_one_file import build_client, strict_site
from tests.site import markdown

pytestmark = pytest.mark.processes

ROUND_TRIP = {"offline": False, "latency": 100, "downloadThroughput": -1, "uploadThroughput": -1}
PAGES = {
    "modules, without the tag": (False, ""),
    "modules, and the tag": (False, "?tag=1"),
    "the one file, and the tag": (True, "?tag=1"),
}
SCRIPTS = """performance.getEntriesByType("resource")
    .filter(({ name }) => name.includes("/realtime/")).length"""


def first_frame(browser: Browser, url: str, key: str) -> tuple[int, float]:
    """Return how many scripts a page loads, and milliseconds from its navigation to `welcome`."""
    page = browser.open(key, key)
    page.login(url.split("/first_frame")[0], "alice")
    page.cdp("Network.enable")
    page.cdp("Network.setCacheDisabled", cacheDisabled=True)
    page.cdp("Network.emulateNetworkConditions", **ROUND_TRIP)
    page.goto(url)
    page.wait_for("window.openAt")
    result = page.evaluate(SCRIPTS), page.evaluate("openAt")
    page.close()
    return result


def test_first_frame(
    launch: Callable[[BrowserName], Browser],
    tmp_path: Path,
    site_database: Path,
    site_env: dict[str, str],
) -> None:
    browser = launch("chromium")
    rows = []
    for number, (title, (built, query)) in enumerate(PAGES.items()):
        directory = tmp_path / str(number)
        directory.mkdir()
        client = build_client(directory) if built else None
        with strict_site(directory, site_database, site_env, client) as site:
            url = f"{site.url}/first_frame/{query}"
            runs = [first_frame(browser, url, f"{number}.{run}") for run in range(5)]
        milliseconds = median(time for _, time in runs)
        rows.append((title, str(runs[0][0]), f"{milliseconds:.0f}"))
    print("", markdown.table(("the page has", "scripts", "first frame after, ms"), rows), sep="\n")
