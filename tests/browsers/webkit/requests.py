"""Waiting, while WebKit goes on: for the next request, or for what WebKit answers later."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from gi.repository import GLib

PATIENCE = 30.0  # seconds, as Puppeteer has it
NAP = 50  # milliseconds

_context = GLib.MainContext.default()


def run_until(true: Callable[[], object], what: str) -> None:
    """Have WebKit go on until something is true; TimeoutError with `what` after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE} s: {what}")
        _run_for_a_moment()


def _run_for_a_moment() -> None:
    """Handle what has come, or wait for something for `NAP` at most."""
    timer = GLib.timeout_add(NAP, lambda: GLib.SOURCE_CONTINUE)
    _context.iteration(True)
    GLib.source_remove(timer)


class Requests:
    """The lines of a file, each handed out as soon as it has come; WebKit goes on meanwhile."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=[lines], daemon=True).start()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._put(line)
        self._put(None)

    def _put(self, line: str | None) -> None:
        self._lines.put(line)
        _context.wakeup()

    def __iter__(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            yield line

    def _next(self) -> str | None:
        while self._lines.empty():
            _context.iteration(True)
        return self._lines.get()
