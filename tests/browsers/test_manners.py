"""What the client leaves alone on a page that is not its own."""

from pathlib import Path

import pytest

import realtime
from tests.site.desk import OpenDesk
from tests.site.office import Office

# The client does the same things in all browsers.
pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("browser", ["webkit"], indirect=True),
]

STATIC = Path(realtime.__file__).parent / "static" / "realtime"
MODULES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))

NEW_GLOBALS = """
(async (modules) => {
  const before = new Set(Reflect.ownKeys(window));
  for (const module of modules) await import(`/static/realtime/${module}`);
  const { RealtimeClient } = await import("/static/realtime/index.js");
  const client = new RealtimeClient("/realtime/");
  await new Promise((open) => client.on("latency", open));
  client.close();
  return Reflect.ownKeys(window).filter((key) => !before.has(key)).map(String);
})
"""
LISTENED = """
(() => {
  window.listened = new Set();
  const { addEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, ...given) {
    listened.add(type);
    return addEventListener.call(this ?? window, type, ...given);
  };
})();
"""


def test_one_symbol_is_left_in_the_window(quick: Office, open_desk: OpenDesk) -> None:
    desk = open_desk(quick.url)
    desk.log_in("alice")
    desk.page.goto(f"{quick.url}/login/")  # has no scripts of its own
    assert len(MODULES) > 10
    left = desk.page.evaluate(f"({NEW_GLOBALS})({MODULES})")
    # No name that another script could have, and the same one for all copies of the client.
    assert left == ["Symbol(channels-realtime.page-client)"]


def test_nothing_is_done_on_unload(quick: Office, open_desk: OpenDesk) -> None:
    """Such handlers keep a page out of the back-forward cache, and some browsers skip them."""
    desk = open_desk(quick.url)
    desk.page.before_scripts(LISTENED)
    desk.log_in("alice")
    listened = set(desk.page.evaluate("[...listened]"))
    assert {"pagehide", "pageshow", "visibilitychange", "resume", "online"} <= listened
    assert not {"unload", "beforeunload"} & listened
    assert desk.page.evaluate("[onunload, onbeforeunload]") == [None, None]
