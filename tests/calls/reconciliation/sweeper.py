"""A program that sweeps in four threads, and prints which calls it asked for and when.

It is a process of its own, so that several can sweep the same database. Given a number, it first
makes so many calls that are due. It begins when it gets a line.
"""

import json
import os
import sys
import threading
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from calls.models import Call  # noqa: E402
from calls.reconciliation import sweep, sweeping  # noqa: E402
from calls.states import State  # noqa: E402
from calls.telephony import Report  # noqa: E402

THREADS = 4
QUESTION = 0.02  # seconds
INBOUND = {"direction": "inbound", "from_number": "+15550100123", "to_number": "+15550100000"}


class Company:
    """Says of each call that it rings; ``asked`` has the sids and when the questions ran."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float]] = []

    def fetch(self, sid: str) -> Report:
        begin = time.monotonic()
        time.sleep(QUESTION)
        self.asked.append((sid, begin, time.monotonic()))
        return Report(sid=sid, state=State.IN_PROGRESS)


def make_due(number: int) -> None:
    """Make calls that ring for so long that they are asked for once a minute."""
    for each in range(number):
        Call.objects.record(f"CA{each}", State.RINGING, **INBOUND)
        Call.objects.record(f"CA{each}", State.IN_PROGRESS)
    now = timezone.now()
    Call.objects.update(changed_at=now - timedelta(hours=1), check_at=now)


def sweep_in_thread() -> None:
    try:
        sweep(timezone.now())
    finally:
        connections.close_all()


def main(*numbers: str) -> None:
    company = Company()
    sweeping.get_telephony = lambda site: company  # type: ignore[assignment]
    for number in numbers:
        make_due(int(number))
    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=sweep_in_thread) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(company.asked))


if __name__ == "__main__":
    main(*sys.argv[1:])
