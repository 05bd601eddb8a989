"""Measures once a second how much of a processor this server uses."""

import time
from threading import Thread

from django.db import transaction

from examples.dashboard.models import Reading
from realtime import publish

EVERY = 1.0  # seconds
KEPT = 600  # readings


def start() -> None:
    Thread(target=sample, daemon=True).start()


def sample() -> None:
    used = time.process_time()
    while True:
        time.sleep(EVERY)
        used, before = time.process_time(), used
        record(100 * (used - before) / EVERY)


def record(value: float) -> None:
    """Keep a reading and send it to those who look at the dashboard."""
    with transaction.atomic():
        reading = Reading.objects.create(value=round(value, 1))
        Reading.objects.filter(pk__lte=reading.pk - KEPT).delete()
        publish("dashboard", "reading", reading.as_json())
