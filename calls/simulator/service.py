"""Has the company play in each server of the site, as long as no real one is connected."""

import threading
from datetime import datetime

from django.conf import settings
from django.db import connections
from django.utils import timezone

from calls import background
from calls.simulator import player
from calls.simulator.models import PLAYER, Step
from calls.simulator.retention import forget_legs

EVERY = 0.25
"""Seconds until a server notices a step that another process has scheduled."""

HOUR = 3600.0

MAX_UNDER_WAY = 8
"""Webhooks that a process sends together."""


class Service:
    """The part of one process.

    Under ASGI a process runs all its sync views in one thread, so a view that waited for a webhook
    to its own site would wait for itself: webhooks are sent from threads.
    """

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._free = threading.Semaphore(MAX_UNDER_WAY)

    def run(self) -> float | None:
        """Play what is due; returns the seconds until the next step."""
        if settings.TWILIO_ACCOUNT_SID:
            return None
        self._since = self._since or timezone.now()
        while self._free.acquire(blocking=False):
            step = player.take(timezone.now(), since=self._since)
            if step is None:
                self._free.release()
                break
            threading.Thread(target=self._send, args=[step], daemon=True).start()
        due = player.next_due()
        return None if due is None else (due - timezone.now()).total_seconds()

    def wait_for_webhooks(self) -> None:
        """Return when no webhook is under way."""
        for _ in range(MAX_UNDER_WAY):
            self._free.acquire()
        self._free.release(MAX_UNDER_WAY)

    def _send(self, step: Step) -> None:
        try:
            player.send(step)
        finally:
            self._free.release()
            connections.close_all()  # Each thread has its own.


background.add(PLAYER, EVERY, Service().run)
background.add("simulator retention", HOUR, lambda: forget_legs(timezone.now()))
