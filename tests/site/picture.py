"""Draws ``docs/cut.png``: a desk before, during and after a cut, as a browser shows it.

``make picture`` runs it.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from realtime.testing import Cable
from tests.browsers.browser import Browser
from tests.processes.site import Sites, prepare_database, site_environment
from tests.processes.waiting import wait_until
from tests.site.desk import Desk
from tests.site.office import Office

PICTURE = Path(__file__).parents[2] / "docs/cut.png"
WITHIN = 40.0  # seconds
INTERVAL, TIMEOUT = 1, 3  # seconds of the heartbeat, so that nobody waits for 18
WIDTH, HEIGHT = 460, 430  # CSS pixels of each desk
CAPTIONS = (
    "A call comes in.",
    "The cable is pulled, and bob answers at another desk. Within 18 s this one notices.",
    "The cable is back, and with it what the desk has missed.",
)
PAGE = """<!doctype html>
<style>
  body {{ margin: 0; padding: 12px; width: {width}px; background: #fff; font: 17px/1.4 sans-serif }}
  body {{ display: flex; gap: 12px }}
  figure {{ margin: 0; flex: 1 }}
  img {{ width: 100%; border: 1px solid #bbb; border-radius: 6px }}
</style>
{figures}
"""
FIGURE = '<figure><img src="{}"><figcaption>{}</figcaption></figure>'


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    """Serve the site in which the call comes in."""
    env = site_environment(secrets.token_hex())
    template = folder / "template.sqlite3"
    prepare_database({**env, "DATABASE_URL": f"sqlite:///{template}"})
    heartbeat = {"HEARTBEAT_INTERVAL": str(INTERVAL), "HEARTBEAT_TIMEOUT": str(TIMEOUT)}
    with closing(Sites(folder, template, env)) as sites:
        yield Office(sites("daphne", env=heartbeat), INTERVAL, TIMEOUT)


def photograph(office: Office, browser: Browser, folder: Path) -> list[Path]:
    """Take a picture of the desk at each of the three moments."""
    pictures = [folder / f"{number}.png" for number in range(3)]
    with Cable("127.0.0.1", office.site.port) as cable:
        desk = Desk(browser, f"http://127.0.0.1:{cable.port}", key="desk", profile="alice")
        desk.page.resize(WIDTH, HEIGHT)
        desk.log_in("alice")
        desk.page.wait_for("document.querySelector('#availability').ariaChecked === 'true'")
        sid = office.ring()
        wait_until(lambda: desk.rings_for(sid), WITHIN, "it rings")
        desk.page.screenshot(pictures[0])
        cable.cut()
        office.answer(sid)
        wait_until(lambda: desk.shown().connection != "open", WITHIN, "the desk notices")
        desk.page.screenshot(pictures[1])
        cable.forget()
        cable.heal()
        wait_until(lambda: desk.shows({sid: "in-progress"}), WITHIN, "the desk is right again")
        desk.page.screenshot(pictures[2])
    return pictures


def put_together(browser: Browser, pictures: list[Path], folder: Path) -> None:
    """Write them side by side into one."""
    figures = "".join(map(FIGURE.format, [picture.name for picture in pictures], CAPTIONS))
    width = 3 * WIDTH
    (folder / "all.html").write_text(PAGE.format(figures=figures, width=width))
    page = browser.open("all")
    page.resize(width + 24, HEIGHT)
    page.goto((folder / "all.html").as_uri())
    page.resize(width + 24, int(page.evaluate("document.documentElement.offsetHeight")))
    page.screenshot(PICTURE)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name, closing(Browser("chromium")) as browser:
        folder = Path(name)
        with office(folder) as opened:
            pictures = photograph(opened, browser, folder)
        put_together(browser, pictures, folder)


if __name__ == "__main__":
    main()
