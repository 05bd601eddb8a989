from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.db.models.functions import Now

from realtime.models.receipts import Deadline
from tests.realtime.receipts import otherwise

LOGS = {
    "memory": "realtime.eventlog.memory.MemoryEventLog",
    "database": "realtime.eventlog.database.DatabaseEventLog",
}


@pytest.fixture(params=LOGS)
def log(request, settings, transactional_db):
    """The log in force; the receipts are in the database, whichever it is."""
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": LOGS[request.param]}}
    return request.param


@pytest.fixture(autouse=True)
def called():
    otherwise.called.clear()
    return otherwise.called


@pytest.fixture
def alice(transactional_db):
    return get_user_model().objects.create(username="alice")


@pytest.fixture
def pass_time():
    """Let so many seconds pass for all deadlines, by the database's clock."""

    def pass_time(seconds):
        past = timedelta(seconds=seconds)
        Deadline.objects.update(due_at=F("due_at") - past, try_at=F("try_at") - past)

    return pass_time


def seconds_left(**which):
    """Return in how many seconds a deadline is due, by the database's clock."""
    found = Deadline.objects.annotate(now=Now()).values_list("due_at", "now").get(**which)
    return (found[0] - found[1]).total_seconds()
