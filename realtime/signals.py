"""What realtime does when a project's data changes: a deleted user's events go with the user."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_delete

from realtime.eventlog import event_log
from realtime.streams import user_stream_name


def forget_user(instance: Any, **_: Any) -> None:
    """Erase the stream of a user who is deleted; with the database log, in one transaction."""
    log = event_log()
    if log is not None:
        log.forget(user_stream_name(instance))


def connect() -> None:
    """Listen to the project's user model, which is known once all apps are loaded."""
    post_delete.connect(forget_user, sender=get_user_model(), dispatch_uid="realtime.forget_user")
