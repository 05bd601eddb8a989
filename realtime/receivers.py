"""Receivers of Django's signals: a deleted user's events are erased with the user."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models.signals import post_delete

from realtime.eventlog import event_log
from realtime.eventlog.commit import after_commit
from realtime.protocol.stream_names import user_stream_name


def forget_user(instance: Any, **_: Any) -> None:
    """Erase the stream of a user once the deletion is committed.

    In its transaction, the lock on the stream would make publishers wait for that commit.
    """
    log = event_log()
    if log is not None and isinstance(instance, get_user_model()):
        stream = user_stream_name(instance)
        after_commit(lambda: log.forget(stream), router.db_for_write(type(instance)))


def connect() -> None:
    """Receive all deletions, since a proxy of the user model is a sender of its own."""
    post_delete.connect(forget_user, dispatch_uid="realtime.forget_user")
