"""The log of events: what was published, in order, for as long as ``RETENTION`` says."""

from realtime.eventlog.base import Draft, EventLog, LoggedEvent, OnNumbered, Page, event_log

__all__ = ["Draft", "EventLog", "LoggedEvent", "OnNumbered", "Page", "event_log"]
