"""A page in WebKit: where it goes, what it is asked, and what it throws."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gi

gi.require_version("WebKit2", "4.1")
from gi.repository import Gio, GLib, JavaScriptCore, WebKit2  # noqa: E402

from tests.browsers.webkit.requests import PATIENCE, run_until  # noqa: E402

THROWN = """
for (const [type, thrown] of [["error", "error"], ["unhandledrejection", "reason"]])
  addEventListener(type, (event) =>
    webkit.messageHandlers.thrown.postMessage(String(event[thrown]?.stack ?? event.message)));
"""
INVALID_RESULT = WebKit2.JavascriptError.INVALID_RESULT
AS_JSON = "return JSON.stringify(await (%s)) ?? 'null'"


class Crashed(Exception):
    """The page's own process has died; WebKit starts another one with the next page."""


class GoneElsewhere(Exception):
    """The page has left its document before it answered."""


def version() -> str:
    """Return WebKit's version, as other browsers name theirs."""
    numbers = WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
    return f"WebKitGTK/{'.'.join(map(str, numbers))}"


class Page:
    """One page; `thrown` is called with each error that it doesn't catch."""

    def __init__(self, context: WebKit2.WebContext, thrown: Callable[[str], None]) -> None:
        scripts = WebKit2.UserContentManager()
        scripts.register_script_message_handler("thrown")
        scripts.connect(
            "script-message-received::thrown",
            lambda _, message: thrown(message.get_js_value().to_string()),
        )
        self._scripts = scripts
        self.view = WebKit2.WebView(web_context=context, user_content_manager=scripts)
        self.before_scripts(THROWN)
        self._documents = 0
        self._crashed = False
        self.view.connect("load-changed", self._count)
        self.view.connect("web-process-terminated", self._terminated)

    def _count(self, _: WebKit2.WebView, event: WebKit2.LoadEvent) -> None:
        self._documents += event == WebKit2.LoadEvent.COMMITTED

    def _terminated(self, *_: object) -> None:
        self._crashed = True

    def before_scripts(self, source: str) -> None:
        """Run a script on every later page, before its own."""
        frames = WebKit2.UserContentInjectedFrames.TOP_FRAME
        start = WebKit2.UserScriptInjectionTime.START
        self._scripts.add_script(WebKit2.UserScript.new(source, frames, start, None, None))

    def goto(self, url: str) -> None:
        """Go to an address, and wait until the page has loaded."""
        loading = Loading(self.view)
        self.view.load_uri(url)
        loading.wait(url)
        if self._crashed:
            raise Crashed(url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression without effects, and of a promise its result.

        It is asked again when the page goes elsewhere meanwhile.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._evaluate(expression)
            except GoneElsewhere:
                if time.monotonic() > deadline:
                    raise

    def run(self, script: str) -> None:
        """Do something once; that the page goes elsewhere before it answers is no failure."""
        with suppress(GoneElsewhere):
            self._evaluate(script)

    def _evaluate(self, expression: str) -> Any:
        found: list[Gio.AsyncResult] = []
        document = self._documents
        self.view.call_async_javascript_function(
            *(AS_JSON % expression, -1, None, None, None, None),
            lambda _, result: found.append(result),
        )
        # WebKit may never answer for a document that it has left.
        run_until(lambda: found or self._crashed or self._documents > document, expression)
        if self._crashed:
            raise Crashed(expression)
        if not found:
            raise GoneElsewhere(expression)
        return json.loads(self._finish(found[0]).to_string())

    def _finish(self, result: Gio.AsyncResult) -> JavaScriptCore.Value:
        try:
            return self.view.call_async_javascript_function_finish(result)
        except GLib.Error as error:
            # A string is a result of a supported type, so this is WebKit's answer for the dead.
            if error.matches(WebKit2.JavascriptError.quark(), INVALID_RESULT):
                raise Crashed(error.message) from None
            raise

    def wait_for(self, expression: str, _options: object = None) -> None:
        """Wait until an expression is true, also on pages that this one goes to meanwhile."""
        run_until(lambda: self._is_true(expression), expression)

    def _is_true(self, expression: str) -> bool:
        try:
            return bool(self.evaluate(f"Boolean({expression})"))
        except GLib.Error:  # there is no such thing yet
            return False

    def wait_for_selector(self, selector: str) -> None:
        """Wait until there is an element."""
        self.wait_for(element(selector))

    def click(self, selector: str) -> None:
        """Click an element, as a script does it."""
        self.run(f"{element(selector)}.click()")

    def fill(self, selector: str, text: str) -> None:
        """Put text into an element, and say that it was put in."""
        self.run(f"{element(selector)}.value += {json.dumps(text)}")
        self.run(f"{element(selector)}.dispatchEvent(new Event('input', {{bubbles: true}}))")

    def say_offline(self, offline: bool) -> None:
        """Send the page the event of going offline or online; the network stays as it is."""
        # WebKit asks the system, and has no switch of its own.
        self.run(f"dispatchEvent(new Event('{'offline' if offline else 'online'}'))")


class Loading:
    """The next load of a view, from now to its end."""

    def __init__(self, view: WebKit2.WebView) -> None:
        self._view = view
        self._ended = False
        self._error = ""
        self._handlers = [
            view.connect("load-changed", self._changed),
            view.connect("load-failed", self._failed),
            view.connect("web-process-terminated", self._terminated),
        ]

    def _changed(self, _: WebKit2.WebView, event: WebKit2.LoadEvent) -> None:
        self._ended = event == WebKit2.LoadEvent.FINISHED

    def _failed(self, _: WebKit2.WebView, _event: object, _url: str, error: GLib.Error) -> None:
        self._error = error.message

    def _terminated(self, *_: object) -> None:
        self._ended = True

    def wait(self, url: str) -> None:
        """Wait for the end; ConnectionError if nothing could be loaded."""
        run_until(lambda: self._ended, f"{url} is loaded")
        for handler in self._handlers:
            self._view.disconnect(handler)
        if self._error:
            raise ConnectionError(f"{url}: {self._error}")


def element(selector: str) -> str:
    """Return the expression for an element."""
    return f"document.querySelector({json.dumps(selector)})"
