"""``manage.py realtime_prune``: remove the events and the lives of sockets that are too old."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from realtime.conf import realtime_settings
from realtime.eventlog import event_log
from realtime.receipts.pruning import prune
from realtime.recorder import recorder_backend


class Command(BaseCommand):
    help = (
        'Removes the events that REALTIME["RETENTION"] no longer keeps, and the lives of sockets '
        'older than REALTIME["RECORD_AGE"]. Servers do this too.'
    )

    def handle(self, *args: Any, **options: Any) -> None:
        log, recorder = event_log(), recorder_backend()
        if log is None and recorder is None:
            raise CommandError(
                'Nothing is kept: REALTIME["EVENT_LOG"] is None and REALTIME["RECORDER"] is False.'
            )
        if log is not None:
            prune()
            self.stdout.write(f"{log.prune()} events removed")
        if recorder is not None:
            removed = recorder.prune(realtime_settings().RECORD_AGE)
            self.stdout.write(f"{removed} lives of sockets removed")
