"""Who acts now: a request, a task, a message of a socket, a command; and in which trace."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["Origin", "acting_as", "current_origin", "current_traceparent"]

MAX_ORIGIN = 200
"""Characters of an origin as text; the event log has a column for it."""

_TOKEN = re.compile(r"[A-Za-z0-9._:+/@~=%-]{1,64}")
"""What stays as it is in a line of the log, as one word; an id of 64 characters holds two UUIDs."""

_KIND = re.compile(r"[a-z_]+")
"""What may be the key of a field in a line of the log."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""

_KNOWN_FLAGS = 0x03
"""Sampled, and random: what version 00 gives a meaning."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What acts: its ``kind``, such as ``request``, its ``id`` and what else is known ``about`` it.

    ``str`` of it is what an event keeps, such as ``request 5f3a9c POST /calls/12/answer``.
    """

    kind: str
    id: str
    about: str = ""
    traceparent: str | None = None
    outer: Origin | None = field(default=None, repr=False)
    """What acted when this began, and acts again after it."""

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.about}".rstrip()[:MAX_ORIGIN]


_acting: ContextVar[Origin | None] = ContextVar("realtime_acting", default=None)


@contextmanager
def acting_as(
    kind: str, id: str, about: str = "", *, traceparent: str | None = None
) -> Iterator[Origin]:
    """Name what this block does in the log and in the events that it publishes.

    ``kind`` is one word of small letters, such as ``task``. ``id`` need not be unique; what would
    not be one word of a log line is percent-encoded, and so are control characters in ``about``.
    ``traceparent`` is that of the outer block where it is None.

    Raises ``ValueError`` for another ``kind``.
    """
    origin = begin(kind, id, about, traceparent=traceparent)
    try:
        yield origin
    finally:
        _acting.set(origin.outer)


def begin(kind: str, id: str, about: str = "", *, traceparent: str | None = None) -> Origin:
    """Begin what ``end`` ends, where no block can be written around it."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"A kind is one word of small letters, not {kind!r}.")
    outer = _acting.get()
    if traceparent is None and outer is not None:
        traceparent = outer.traceparent
    origin = Origin(kind, _word(id), _line(about), traceparent, outer)
    _acting.set(origin)
    return origin


def end() -> None:
    """End what ``begin`` began last."""
    origin = _acting.get()
    _acting.set(origin and origin.outer)


def carried(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that acts in another thread as what acts here, in the same trace.

    No other context variable goes with it: a thread has Django's caches, and their connections, in
    its own.
    """
    origin = _acting.get()
    if origin is None:
        return function
    origin = replace(origin, traceparent=current_traceparent())

    def run(*args: Any) -> Any:
        before = _acting.set(origin)
        try:
            return function(*args)
        finally:
            _acting.reset(before)

    return run


def acting() -> Origin | None:
    """Return the request, task or message that acts now, None in code that serves none."""
    return _acting.get() or _celery_task()


def current_origin() -> Origin:
    """Return what acts now: the innermost request, task or message, else the process."""
    return _acting.get() or _celery_task() or _process()


def current_traceparent() -> str | None:
    """Return OpenTelemetry's current span, else what the request brought, as W3C writes it."""
    if (span := _current_span()) is not None:
        return span
    origin = _acting.get()
    return None if origin is None else origin.traceparent


def read_request_id(text: str | None) -> str | None:
    """Return the id that a client gave its request, None where it is no single short word."""
    return text if text and _TOKEN.fullmatch(text) else None


def read_traceparent(text: str | None) -> str | None:
    """Return a header ``traceparent`` as version 00 has it, None where the rules of W3C refuse it.

    What a later version has beyond is left out.
    """
    match = _TRACEPARENT.fullmatch(text or "")
    if match is None:
        return None
    version, trace, span, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not (trace.strip("0") and span.strip("0")):
        return None
    if version != "00":
        flags = f"{int(flags, 16) & _KNOWN_FLAGS:02x}"
    return f"00-{trace}-{span}-{flags}"


@lru_cache(256)
def log_field(origin: str) -> tuple[str, str] | None:
    """Return the kind and the id of an origin that was text, for a line of the log."""
    kind, _, rest = origin.partition(" ")
    id = rest.partition(" ")[0]
    return (kind, id) if _KIND.fullmatch(kind) and _TOKEN.fullmatch(id) else None


def connect_tasks() -> None:
    """Name what Django's tasks do, which Django 6 has."""
    try:
        from django.tasks import signals
    except ImportError:
        return
    signals.task_started.connect(_task_started, dispatch_uid="realtime.task_started")
    signals.task_finished.connect(_task_finished, dispatch_uid="realtime.task_finished")


def _task_started(task_result: Any, **_: Any) -> None:
    begin("task", task_result.id, task_result.task.module_path)


def _task_finished(**_: Any) -> None:
    end()


def _word(text: str) -> str:
    if _TOKEN.fullmatch(text):
        return text
    return quote(text, safe="/:+@~=", errors="replace")[:64] or "-"


def _line(text: str) -> str:
    text = text[:MAX_ORIGIN]
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else quote(one, errors="replace") for one in text)


def _celery_task() -> Origin | None:
    """Ask Celery only where somebody has imported it; its public proxy takes 2 µs for a None."""
    state: Any = sys.modules.get("celery._state")
    current = getattr(state, "get_current_task", None)
    task = current and current()
    if task is None or task.request.id is None:  # One that is called like a function has no id.
        return None
    return Origin("task", _word(task.request.id), _line(task.name))


def _current_span() -> str | None:
    """No span can be current before somebody has imported OpenTelemetry."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    get_current_span = getattr(trace, "get_current_span", None)
    if get_current_span is None:
        return None
    span = get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


@cache
def _process() -> Origin:
    program, *arguments = getattr(sys, "argv", None) or [""]
    path = Path(program)
    is_django = path.name in ("manage.py", "django-admin") or path.parts[-2:] == (
        "django",
        "__main__.py",
    )
    if is_django and arguments:
        return Origin("command", _word(arguments[0]))
    name = path.parent.name if path.name == "__main__.py" else path.name
    return Origin("process", str(os.getpid()), _line(name))


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_process.cache_clear)
