"""Drives WebKitGTK as `driver.js` drives the other browsers, with the same lines in and out.

`/usr/bin/python3 -m tests.browsers.webkit`, because only the system's own Python has its bindings.
"""

import json
import sys
from typing import Any

from tests.browsers.webkit import display

display.start()  # GTK looks for one when it is imported

from tests.browsers.webkit.page import Crashed, Page, version  # noqa: E402
from tests.browsers.webkit.requests import Requests  # noqa: E402
from tests.browsers.webkit.windows import Windows  # noqa: E402

windows = Windows()
pages: dict[str, Page] = {}


def open_page(key: str, profile: str, kind: str) -> None:
    """Open a page; pages of one `profile` have their cookies in common, and its tabs one window."""
    page = pages[key] = Page(windows.context(profile), lambda error: write(None, key, error))
    windows.add(page.view, profile, kind)


def close_page(key: str) -> None:
    """Close a page, and its window after the last one."""
    windows.remove(pages.pop(key).view)


def perform(key: str, method: str, given: list[Any]) -> Any:
    """Do what one request asks for, and return the result."""
    if method == "version":
        return version()
    if method == "open":
        return open_page(key, *given)
    if method == "close":
        return close_page(key)
    page = pages[key]
    if method == "bringToFront":
        return windows.bring_to_front(page.view)
    actions = {
        "goto": page.goto,
        "evaluate": page.evaluate,
        "run": page.run,
        "waitForFunction": page.wait_for,
        "waitForSelector": page.wait_for_selector,
        "evaluateOnNewDocument": page.before_scripts,
        "click": page.click,
        "type": page.fill,
        "setOfflineMode": page.say_offline,
    }
    return actions[method](*given)


def write(*line: Any) -> None:
    """Write one line."""
    print(json.dumps(line), flush=True)


for line in Requests(sys.stdin):
    number, key, method, *given = json.loads(line)
    try:
        write(number, perform(key, method, given), None)
    except Crashed:
        write(number, None, "crashed")
    except Exception as error:  # it belongs to the test that asked
        write(number, None, repr(error))
