"""A real browser that nobody sees: Chromium or Firefox, driven by Puppeteer, or WebKitGTK."""

import itertools
import json
import queue
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args

from tests.processes.programs import lacking, program

BrowserName = Literal["chromium", "firefox", "webkit"]
Kind = Literal["tab", "window"]

BROWSERS = get_args(BrowserName)

CRASHED = "crashed"  # a driver's error when the page's own process has died

HERE = Path(__file__).parent
DRIVER = HERE / "driver.js"
PROGRAMS = {"chromium": "chromium", "firefox": "firefox-esr"}
PATIENCE = 60.0  # seconds for one request; a page may load over a slow line


def driver(name: BrowserName) -> list[str]:
    """Return the command that drives a browser."""
    if name == "webkit":
        return webkit_driver()
    if not (HERE / "node_modules").exists():
        lacking("puppeteer-core is not installed")
    return [program("node"), str(DRIVER), name, program(PROGRAMS[name])]


def webkit_driver() -> list[str]:
    program("Xvfb")
    python = program("/usr/bin/python3")  # no other has the bindings
    bindings = ["-c", "import gi; gi.require_version('WebKit2', '4.1')"]
    if subprocess.run([python, *bindings], capture_output=True, check=False).returncode:
        lacking("gir1.2-webkit2-4.1 or python3-gi is not installed")
    # Its sandbox, like Chromium's, is not for root.
    sandbox = "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1"
    return [program("env"), sandbox, python, "-m", "tests.browsers.webkit"]


class BrowserCrashed(Exception):
    """A browser, or one of its pages, has died, which says nothing about what it was shown."""


class Browser:
    """One process of a browser, in the network namespace that this thread is in."""

    def __init__(self, name: BrowserName) -> None:
        self.name = name
        self.crashed = False
        self._ids = itertools.count(1)
        self._answers: queue.Queue[list[Any] | None] = queue.Queue()
        self._driver = subprocess.Popen(
            [program("setpriv"), "--pdeathsig", "TERM", "--", *driver(name)],
            cwd=HERE.parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._thrown: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.version = self.request("", "version")

    @property
    def driver_pid(self) -> int:
        """The process whose descendants the browser's processes are."""
        return self._driver.pid

    def open(self, key: str, profile: str = "", kind: Kind = "window") -> "Page":
        """Open a page under a name; those of one profile have cookies in common.

        A tab comes before the other tabs of its window, which it hides; a window hides nothing.
        """
        self.request(key, "open", profile, kind)
        return Page(self, key)

    def request(self, key: str, method: str, *given: Any) -> Any:
        """Have the driver do something, and return the result; fail with its error."""
        number = next(self._ids)
        self._write(json.dumps([number, key, method, *given]))
        try:
            answer = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"{self.name} has not done {method} in {PATIENCE} s") from None
        if answer is None or answer[2] == CRASHED:
            self.crashed = True
            raise BrowserCrashed(f"{self.name}: {method}{given}")
        answered, result, error = answer
        assert answered == number, f"{self.name} answers request {answered} instead of {number}"
        assert error is None, f"{self.name}: {method}{given}: {error}"
        return result

    def _write(self, line: str) -> None:
        assert self._driver.stdin
        with suppress(BrokenPipeError):  # it has ended, which the missing answer says
            self._driver.stdin.write(f"{line}\n")
            self._driver.stdin.flush()

    def errors(self) -> list[str]:
        """Return what its pages have thrown and not caught."""
        # Firefox lists failed connections among them.
        return [error for error in self._thrown if "ws://" not in error]

    def _read(self) -> None:
        assert self._driver.stdout
        for line in self._driver.stdout:
            number, *rest = json.loads(line)
            if number is None:
                self._thrown.append(": ".join(rest))
            else:
                self._answers.put([number, *rest])
        self._answers.put(None)

    def close(self) -> None:
        """End it."""
        assert self._driver.stdin
        with suppress(BrokenPipeError):
            self._driver.stdin.close()
        try:
            self._driver.wait(10)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait()


class Page:
    """A tab of a browser."""

    def __init__(self, browser: Browser, key: str) -> None:
        self.browser = browser
        self.key = key

    def goto(self, url: str) -> None:
        """Go to an address and wait until the page has loaded."""
        self._ask("goto", url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, and of a promise its result.

        The expression has no effects, because it is asked again if the page goes elsewhere.
        """
        return self._ask("evaluate", expression)

    def run(self, script: str) -> None:
        """Run a script once, and wait for it; what leads elsewhere goes into a timer.

        Firefox repeats, up to ten times, a script whose page has gone before it answers.
        """
        self._ask("run", script)

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true, also on pages that the tab goes to meanwhile."""
        self._ask("waitForFunction", expression, {"polling": 50})

    def before_scripts(self, source: str) -> None:
        """Run a script on every later page of the tab, before its own."""
        self._ask("evaluateOnNewDocument", source)

    def click(self, selector: str) -> None:
        """Click an element as a person would."""
        self._ask("click", selector)

    def fill(self, selector: str, text: str) -> None:
        """Type into an element."""
        self._ask("type", selector, text)

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        self._ask("press", key)

    def resize(self, width: int, height: int) -> None:
        """Give its window another size, in CSS pixels."""
        self._ask("setViewport", {"width": width, "height": height})

    def prefer(self, **features: str) -> None:
        """Have Chromium say that its user prefers something: `color_scheme="dark"`."""
        names = {name: f"prefers-{name.replace('_', '-')}" for name in features}
        wanted = [{"name": names[name], "value": value} for name, value in features.items()]
        self._ask("emulateMediaFeatures", wanted)

    def go_back(self) -> None:
        """Go back, as the back button does, without waiting for it."""
        # Puppeteer's own waits for a page to load, and one from the cache never does, in Firefox.
        self.run("void setTimeout(() => history.back())")

    def bring_to_front(self) -> None:
        """Make it the tab that is seen."""
        self._ask("bringToFront")

    def set_offline(self, offline: bool) -> None:
        """Have the browser go offline, or online again, with the events for the page."""
        self._ask("setOfflineMode", offline)

    def close(self) -> None:
        """Close it."""
        self._ask("close")

    def screenshot(self, path: Path) -> None:
        """Write what a person would see, as a PNG."""
        self._ask("screenshot", {"path": str(path)})

    def cdp(self, method: str, **parameters: Any) -> Any:
        """Ask Chromium for something in its own protocol."""
        return self._ask("cdp", method, parameters)

    def login(self, url: str, username: str, password: str = "demo") -> None:
        """Log in on the site's form, which leads to the desk."""
        self.goto(f"{url}/login/")
        self.fill("[name=username]", username)
        self.fill("[name=password]", password)
        self.run("void setTimeout(() => document.querySelector('[name=password]').form.submit())")
        self._ask("waitForSelector", "#desk")

    def _ask(self, method: str, *given: Any) -> Any:
        return self.browser.request(self.key, method, *given)
