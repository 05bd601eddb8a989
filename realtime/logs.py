"""Loggers for lines in which others have a hand: each stays one line, and floods are cut.

What comes from outside may hold line breaks, behind which it could forge a line of the log. And
what strangers do, they can do a thousand times a second. A line has the id of the request or task
that it is about, and its record has its fields (docs/logging.md).
"""

from __future__ import annotations

import logging
import time
import traceback
from typing import Any

from realtime.correlation import acting, log_field
from realtime.log_fields import extended, read_form, values

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

    A line that is written for a request, a task or a socket's message ends with its id, such as
    ``request=5f3a9c``. Its record has all its fields in ``record.realtime``, a dict.
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
        more: dict[str, Any] = {}
        if record.__dict__.pop("is_limited", False):
            kind = record.name, str(record.msg)
            suppressed = line_limit.suppressed(kind, time.monotonic())
            if suppressed is None:
                return False
            if suppressed:
                more["suppressed"] = suppressed
        if isinstance(record.args, tuple):
            record.args = tuple([_escaped(value) for value in record.args])
            _give_fields(record, record.args, more)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = _indented(record.exc_info[1])
        return True


_from_outside = _FromOutside()


def _give_fields(record: logging.LogRecord, args: tuple[Any, ...], more: dict[str, Any]) -> None:
    """Add ``more`` to a line, and for what it is written; give its record all fields."""
    given, origin = record.__dict__, None
    if "origin" in given:  # It is about an event.
        origin = given.pop("origin")
        more.update(_published(origin, given.pop("traceparent", None)))
    elif (now := acting()) is not None:
        more[now.kind] = now.id
    template = str(record.msg)
    form = read_form(template)
    if more and form is not None:
        more = {key: value for key, value in more.items() if key not in form.keys}
    if more and (args or "%" not in template):
        record.msg = template = extended(template, tuple(more))
        record.args = args = (*args, *more.values())
        form = form and read_form(template)
    if form is not None and (fields := values(form, args)) is not None:
        if origin is not None:
            fields["origin"] = origin
        record.realtime = fields


def _published(origin: str | None, traceparent: str | None) -> dict[str, str]:
    """Return the fields that name an event's publisher, and its trace."""
    field = None if origin is None else log_field(origin)
    found = {} if field is None else dict([field])
    return found if traceparent is None else {**found, "trace": traceparent[3:35]}


def _indented(error: BaseException) -> str:
    """Return a traceback of which no line can pass for a line of the log."""
    lines = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
    return "\n".join(f"  {one_line(line)}" for line in lines)


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return one_line(value)
    return value if value is None or isinstance(value, int | float) else _OneLine(value)


class _OneLine:
    """Shows an object, such as an exception, in one line."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return one_line(str(self._value))

    def __repr__(self) -> str:
        return one_line(shown(self._value))


def shown(value: object) -> str:
    """Return ``repr(value)``, with its reason for an exception that shows only its kind."""
    text = repr(value)
    if isinstance(value, BaseException) and str(value) not in text:
        return BaseException.__repr__(value)  # redis-py's errors are among these.
    return text


def one_line(text: str) -> str:
    """Return ``text`` with Python's escapes for what can't be printed, line breaks among it."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
