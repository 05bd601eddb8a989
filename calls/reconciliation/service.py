"""Has each server of the site ask for the calls that are due, and for all when it starts."""

from django.utils import timezone

from calls import background
from calls.reconciliation.due import LOOP, due_now
from calls.reconciliation.sweeping import sweep
from calls.retention import forget_actions

EVERY = 1.0
"""Seconds between two looks at what is due."""

HOUR = 3600.0


class Service:
    """The part of one process."""

    def __init__(self) -> None:
        self._begun = False

    def run(self) -> None:
        """Ask for what is due; the first time, have all active calls asked for."""
        if not self._begun:
            due_now(timezone.now())
            self._begun = True
        sweep(timezone.now())


background.add(LOOP, EVERY, Service().run)
background.add("retention", HOUR, lambda: forget_actions(timezone.now()))
