"""The event log that the settings name."""

from __future__ import annotations

from realtime.conf import cached_until_set, made_backend, realtime_settings, require_app
from realtime.eventlog.base import EventLog


@cached_until_set("REALTIME")
def event_log() -> EventLog | None:
    """Return the log that ``REALTIME["EVENT_LOG"]`` names, or None where events are not kept."""
    configured = realtime_settings().EVENT_LOG
    if configured is None:
        return None
    require_app()
    log: EventLog = made_backend(configured)
    return log
