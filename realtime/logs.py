"""Loggers for lines in which others have a hand: each stays one line, and floods are cut.

What comes from outside may hold line breaks, behind which it could forge a line of the log. And
what strangers do, they can do a thousand times a second.
"""

from __future__ import annotations

import logging
import time
import traceback
from typing import Any

__all__ = ["LIMITED", "get_logger"]

LIMITED = {"is_limited": True}
"""The ``extra`` of a line that strangers cause as often as they like."""

LINES_A_MINUTE = 60
"""Limited lines of one kind that are written: a day of them is some ten megabytes."""


def get_logger(name: str) -> logging.Logger:
    """Return a module's logger; its lines are escaped, and limited where they are ``LIMITED``.

    ``name`` is the module's. Control characters of what is logged come out as Python's escapes, and
    the lines of a traceback are indented, as an exception's text may hold line breaks too. Of
    limited lines with the same text (their values don't count) a process writes 60 a minute; the
    next one after them says how many are missing (``suppressed=``).
    """
    logger = logging.getLogger(name)
    logger.addFilter(_from_outside)
    return logger


class LineLimit:
    """Counts lines of each kind by the minute, without a clock."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, str], tuple[float, int]] = {}

    def suppressed(self, kind: tuple[str, str], now: float) -> int | None:
        """Count a line at ``now`` (seconds).

        Returns how many lines of its kind are missing before it, or None where it is one too many.
        """
        began, lines = self._minutes.get(kind, (now, 0))
        if now - began >= 60:
            self._minutes[kind] = (now, 1)
            return max(0, lines - LINES_A_MINUTE)
        self._minutes[kind] = (began, lines + 1)
        return 0 if lines < LINES_A_MINUTE else None

    def reset(self) -> None:
        """Forget all lines."""
        self._minutes.clear()


line_limit = LineLimit()
"""What this process has written."""


class _FromOutside(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "is_limited", False):
            kind = record.name, str(record.msg)
            suppressed = line_limit.suppressed(kind, time.monotonic())
            if suppressed is None:
                return False
            if suppressed:
                record.msg = f"{record.msg} suppressed={suppressed}"
        if isinstance(record.args, tuple):
            record.args = tuple(_escaped(value) for value in record.args)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = _indented(record.exc_info[1])
        return True


_from_outside = _FromOutside()


def _indented(error: BaseException) -> str:
    """Return a traceback of which no line can pass for a line of the log."""
    lines = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
    return "\n".join(f"  {one_line(line)}" for line in lines)


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return one_line(value)
    return value if isinstance(value, int | float) else _OneLine(value)


class _OneLine:
    """Shows an object, such as an exception, in one line."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return one_line(str(self._value))

    def __repr__(self) -> str:
        return one_line(repr(self._value))


def one_line(text: str) -> str:
    """Return ``text`` with Python's escapes for what can't be printed, line breaks among it."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
