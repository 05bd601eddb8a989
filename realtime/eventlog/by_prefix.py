"""Several logs, each for the streams whose names begin with a prefix.

Chatty streams get a log of their own that costs less, or a database of their own, and the others
keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from realtime.conf import is_backend, made_backend
from realtime.eventlog.base import Addressed, AfterNumbering, EventLog, OnNumbered
from realtime.eventlog.composed import ComposedLog
from realtime.protocol.stream_names import STREAM_NAME

__all__ = ["EventLogByPrefix"]

Answer = TypeVar("Answer")


class EventLogByPrefix(ComposedLog):
    """Has the log of the longest prefix of a stream's name.

    ``logs`` has a ``BACKEND`` and ``OPTIONS`` for each prefix, "" among them. One publish goes to
    streams of one log: no transaction could commit an event in two. Raises
    ``ImproperlyConfigured`` for what is no log.
    """

    def __init__(self, logs: Mapping[str, Mapping[str, Any]]) -> None:
        if not isinstance(logs, Mapping) or "" not in logs:
            raise ImproperlyConfigured(
                "EVENT_LOG's OPTIONS['logs'] is a dict of prefixes with their logs; the prefix '' "
                "stands for all other streams and has to be there."
            )
        self._logs = {prefix: _made(prefix, configured) for prefix, configured in logs.items()}
        self.names = sorted(self._logs, key=len)
        self._longest_first = self.names[::-1]
        self.appends_in_loop = all(log.appends_in_loop for log in self._logs.values())

    def name_for(self, stream: str) -> str:
        return next(prefix for prefix in self._longest_first if stream.startswith(prefix))

    def ask(self, name: str, question: Callable[[EventLog], Answer]) -> Answer:
        return question(self._logs[name])

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        self._one_log_for(events).append_many(events, on_numbered)

    async def append_in_loop(
        self, events: Sequence[Addressed], on_numbered: AfterNumbering
    ) -> None:
        await self._one_log_for(events).append_in_loop(events, on_numbered)

    def _one_log_for(self, events: Sequence[Addressed]) -> EventLog:
        prefixes = {self.name_for(name): name for streams, _ in events for name in streams}
        if len(prefixes) > 1:
            raise ValueError(
                "One publish can't go to several logs, which are not committed together: publish "
                f"to {' and to '.join(map(repr, sorted(prefixes.values())))} one after the other."
            )
        return self._logs[next(iter(prefixes), "")]


def _made(prefix: Any, configured: Any) -> EventLog:
    """Return the log of a prefix; what is wrong is said with that."""
    if not isinstance(prefix, str) or (prefix and not STREAM_NAME.fullmatch(prefix)):
        raise ImproperlyConfigured(
            f"In EVENT_LOG's OPTIONS['logs'] no stream's name can begin with the prefix {prefix!r}."
        )
    if not is_backend(configured):
        raise ImproperlyConfigured(
            f"In EVENT_LOG's OPTIONS['logs'] the log of the prefix {prefix!r} is a dict with a "
            f"BACKEND, not {configured!r}."
        )
    try:
        log: EventLog = made_backend(configured)
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(
            f"In EVENT_LOG's OPTIONS['logs'] the log of the prefix {prefix!r} can't be made: "
            f"{error}"
        ) from error
    return log
