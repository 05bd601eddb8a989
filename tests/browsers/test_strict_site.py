"""A Content-Security-Policy without exceptions, and static files under hashed names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers.browser import BROWSERS, Browser, Page
from tests.processes.site import Site, Sites

pytestmark = pytest.mark.processes

VIOLATIONS = """
violations = [];
document.addEventListener("securitypolicyviolation", (violation) =>
  violations.push(`${violation.effectiveDirective} ${violation.blockedURI}`));
"""
LOADED = """performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)"""
MISSING = re.compile(r'"GET [^"]+" [45]\d\d')  # in the server's log; WebKit's pages don't know
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
CONNECTED = "document.querySelector('realtime-status')?.getAttribute('state') === 'open'"


@pytest.fixture(scope="module")
def storage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def strict_site(
    storage: str,
    tmp_path_factory: pytest.TempPathFactory,
    site_database: Path,
    site_env: dict[str, str],
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("strict")
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.browsers.strict_settings",
        "STATIC_ROOT": str(directory / "static"),
        "STATICFILES_STORAGE": storage,
    }
    sites = Sites(directory, site_database, site_env)
    site = sites("daphne", env=env, app="tests.browsers.strict_asgi:application")
    site.manage("collectstatic", "--noinput")
    yield site
    sites.close()


@pytest.fixture
def page(browser: Browser, strict_site: Site) -> Iterator[Page]:
    page = browser.open("strict", strict_site.url)
    page.before_scripts(VIOLATIONS)
    page.login(strict_site.url, "alice")
    yield page
    if not browser.crashed:
        page.close()


def check(page: Page, site: Site, storage: str) -> None:
    """Check that the page is connected, that nothing was refused, and that nothing is missing."""
    page.wait_for(CONNECTED)
    assert page.evaluate("violations") == []
    assert not MISSING.findall(site.log())
    imported = [
        path for path in page.evaluate(LOADED) if path.endswith(".js") and "/realtime/" in path
    ]
    assert len(imported) == len(set(imported)) > 10  # What was preloaded is not loaded again.
    assert all(map(HASHED.search, imported)) is (storage == "AggregatingStorage")


# Each browser has a policy of its own; what the files are called doesn't depend on it.
@pytest.mark.parametrize(
    ("storage", "browser"),
    [
        *(("ManifestStaticFilesStorage", browser) for browser in BROWSERS),
        ("AggregatingStorage", "chromium"),
    ],
    indirect=True,
)
def test_nothing_is_refused_and_nothing_missing(
    page: Page, strict_site: Site, storage: str
) -> None:
    """Neither on the desk, whose scripts come from 'self', nor where a nonce alone counts."""
    check(page, strict_site, storage)
    page.click("#simulate")
    page.wait_for("document.querySelector('#incoming [data-state=ringing]')")
    check(page, strict_site, storage)
    page.goto(f"{strict_site.url}/nonce/")
    check(page, strict_site, storage)
