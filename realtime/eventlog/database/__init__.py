"""The event log in the project's own database."""

from realtime.eventlog.database.log import DatabaseEventLog

__all__ = ["DatabaseEventLog"]
