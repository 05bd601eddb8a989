"""Receivers of Django's signals: a deleted user's events are erased with the user."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.signals import class_prepared, post_delete

from realtime.eventlog import event_log
from realtime.eventlog.commit import after_commit
from realtime.protocol.stream_names import user_stream_name


def forget_user(instance: Any, using: str, **_: Any) -> None:
    """Erase the stream of a user once the deletion is committed.

    In its transaction, the lock on the stream would make publishers wait for that commit.
    """
    log = event_log()
    if log is not None:
        stream = user_stream_name(instance)
        after_commit(lambda: log.forget(stream), using)


def connect() -> None:
    """Receive the deletions of users, and of nothing else.

    A model that has a receiver loses Django's fast delete: its rows are fetched to be deleted.
    """
    for model in apps.get_models():
        connect_model(model)
    class_prepared.connect(connect_model)


def connect_model(sender: type[models.Model], **_: Any) -> None:
    """Receive the deletions of a model if its rows are those of the user model.

    A proxy sends signals of its own. A subclass with a table of its own need not be received:
    deleting its row alone leaves the user, and deleting both sends the signal of the user model.
    """
    if sender._meta.concrete_model is get_user_model()._meta.concrete_model:
        post_delete.connect(forget_user, sender, dispatch_uid="realtime.forget_user")
