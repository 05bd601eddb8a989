"""The log of events: what was published, in order, for as long as ``RETENTION`` says."""

from realtime.eventlog.base import (
    Addressed,
    AfterNumbering,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
)
from realtime.eventlog.configured import event_log
from realtime.eventlog.entries import LogEntry, Moved, Recent

__all__ = [
    "Addressed",
    "AfterNumbering",
    "Draft",
    "EventLog",
    "LogEntry",
    "LoggedEvent",
    "Moved",
    "OnNumbered",
    "Page",
    "Recent",
    "event_log",
]
