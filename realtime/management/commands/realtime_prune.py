"""``manage.py realtime_prune``: remove the events that ``RETENTION`` no longer keeps."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from realtime.eventlog import event_log
from realtime.receipts.pruning import prune


class Command(BaseCommand):
    help = 'Removes the events that REALTIME["RETENTION"] no longer keeps. Servers do this too.'

    def handle(self, *args: Any, **options: Any) -> None:
        log = event_log()
        if log is None:
            raise CommandError('Events are not kept: REALTIME["EVENT_LOG"] is None.')
        prune()
        self.stdout.write(f"{log.prune()} events removed")
