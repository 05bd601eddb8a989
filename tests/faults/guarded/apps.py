"""An app with a short lease of presence, whose receivers write down who comes and goes."""

import uuid
from typing import Any

from django.apps import AppConfig

from tests.faults.waits import LEASE


class GuardedConfig(AppConfig):
    name = "tests.faults.guarded"

    def ready(self) -> None:
        from realtime import signals
        from realtime.roster import sweeper, writer

        writer.LEASE, writer.RENEW_EVERY = LEASE, 1.0
        sweeper.SWEEP_EVERY = sweeper.PATIENCE = 1.0
        signals.user_came_online.connect(came_online)
        signals.user_went_offline.connect(went_offline)


def came_online(user_pk: str, **_: Any) -> None:
    write("online", user_pk)


def went_offline(user_pk: str, **_: Any) -> None:
    write("offline", user_pk)


def write(what: str, user_pk: str) -> None:
    """Write into the same database, so that it is there exactly once."""
    from django.contrib.auth.models import Group

    Group.objects.create(name=f"{what} {user_pk} {uuid.uuid4().hex}")
