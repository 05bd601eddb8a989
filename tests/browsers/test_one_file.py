"""The client in one file, as an installed package has it: with modules, and without."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browsers.browser import Browser, Page
from tests.browsers.test_strict_site import CONNECTED, VIOLATIONS
from tests.processes.programs import lacking
from tests.processes.site import Site, Sites

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
NAMES = """performance.getEntriesByType("resource")
    .map(({ name }) => name.match(/\\/realtime\\/(.*)\\.[0-9a-f]{12}\\.js$/)?.[1])
    .filter((name) => name).sort()"""


def build_client(directory: Path) -> Path:
    """Make the files that a wheel has in place of the checkout's, and return their folder."""
    if not (ROOT / "tests/js/node_modules/.bin/esbuild").exists():
        lacking("esbuild is not installed")
    client = shutil.copytree(ROOT / "release/wheel", directory / "files/realtime")
    subprocess.run([ROOT / "release/bundle", client], check=True)
    return directory / "files"


@contextmanager
def strict_site(
    directory: Path, database: Path, environment: dict[str, str], client: Path | None
) -> Iterator[Site]:
    """Serve hashed files, those of the folder `client` before the apps' own."""
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.browsers.strict_settings",
        "STATIC_ROOT": str(directory / "static"),
        "STATICFILES_STORAGE": "AggregatingStorage",
        "STATICFILES_DIRS": str(client or ""),
    }
    sites = Sites(directory, database, environment)
    site = sites("daphne", env=env, app="tests.browsers.strict_asgi:application")
    site.manage("collectstatic", "--noinput")
    yield site
    sites.close()


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("one_file")
    with strict_site(directory, site_database, site_env, build_client(directory)) as site:
        yield site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.open("one file", site.url)
    page.before_scripts(VIOLATIONS)
    page.login(site.url, "alice")
    yield page
    if not browser.crashed:
        page.close()


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
@pytest.mark.parametrize(
    ("path", "files"),
    [("one_file", ["client", "index", "status_element"]), ("classic", ["client.classic"])],
)
def test_a_page_loads_one_file_once_and_connects(
    page: Page, site: Site, path: str, files: list[str]
) -> None:
    page.goto(f"{site.url}/{path}/")
    page.wait_for(CONNECTED)
    assert page.evaluate("client.state") == "open"
    assert page.evaluate("copies.size") == 1
    assert page.evaluate(NAMES) == files
    assert page.evaluate("violations") == []
