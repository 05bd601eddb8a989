"""An app that writes down who comes and goes, with a lease that a test can wait for."""

import contextlib
import os
import signal
import uuid

from django.apps import AppConfig


class PresentConfig(AppConfig):
    name = "tests.end_to_end.present"

    def ready(self):
        from realtime import signals
        from realtime.roster import sweeper, writer

        writer.LEASE, writer.RENEW_EVERY = 3.0, 0.5
        sweeper.SWEEP_EVERY = sweeper.PATIENCE = 0.5
        signals.user_came_online.connect(came_online)
        signals.user_went_offline.connect(went_offline)


def came_online(user, **_):
    write("online", user)


def went_offline(user, **_):
    write("offline", user)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.environ["DEADLY"])
        os.kill(os.getpid(), signal.SIGKILL)


def write(what, user):
    from django.contrib.auth.models import Group

    Group.objects.create(name=f"{what} {user} {uuid.uuid4().hex}")
