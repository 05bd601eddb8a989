"""Receivers of Django's signals: who changed or left, and which sessions ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends import signed_cookies
from django.db import models
from django.db.models.signals import class_prepared, post_delete, post_save
from django.utils import timezone

from realtime.access.login import session_digest
from realtime.access.sessions import is_in_table, session_store
from realtime.eventlog import event_log
from realtime.eventlog.commit import after_commit, collect_after_commit
from realtime.layer.control import Disconnect, EndSessions, Recheck
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.stream_names import user_stream_name
from realtime.receipts.pruning import forget
from realtime.rights import announce


def forget_user(instance: Any, using: str, **_: Any) -> None:
    """Erase the stream of a user once the deletion is committed.

    In its transaction, the lock on the stream would make publishers wait for that commit.
    """
    log = event_log()
    if log is not None:
        stream = user_stream_name(instance)
        after_commit(lambda: log.forget(stream), using)
        after_commit(lambda: forget(stream), using)


def recheck_user(
    instance: Any, using: str, created: bool = False, update_fields: Any = None, **_: Any
) -> None:
    """Have the rights of a user checked who was changed or deleted, once that is committed.

    Each login writes ``last_login``, which changes no right.
    """
    if not created and update_fields != {"last_login"}:
        collect_after_commit(user_stream_name(instance), using, _announce_users)


def end_session(instance: Any, using: str, **_: Any) -> None:
    """End the sockets of a session that was deleted, once that is committed.

    One in which nobody is logged in has none; each login deletes such a session. Of those that have
    expired, which are deleted by the thousand, the re-check finds each.
    """
    if instance.expire_date > timezone.now() and SESSION_KEY in instance.get_decoded():
        collect_after_commit(session_digest(instance.session_key), using, _announce_sessions)


def end_logged_out(request: Any, user: Any, **_: Any) -> None:
    """End the sockets of a logout, where no row is deleted that says so.

    Django sends the signal before it ends the session, so a check would come too early. Signed
    cookies differ from one another, so all sockets of the user end.
    """
    store = session_store()
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if issubclass(store, signed_cookies.SessionStore):
        if user is not None:
            announce(Disconnect((user_stream_name(user),), code=CloseCode.SIGNED_OUT))
    elif session_key is not None and not is_in_table(store):
        announce(EndSessions((session_digest(session_key),)))


def _announce_users(users: Sequence[str]) -> None:
    announce(Recheck(tuple(dict.fromkeys(users))))


def _announce_sessions(digests: Sequence[str]) -> None:
    announce(EndSessions(tuple(digests)))


def connect() -> None:
    """Receive what happens to users and sessions, and to nothing else.

    A model that has a receiver loses Django's fast delete: its rows are fetched to be deleted.
    """
    for model in apps.get_models():
        connect_model(model)
    class_prepared.connect(connect_model)
    user_logged_out.connect(end_logged_out, dispatch_uid="realtime.end_logged_out")
    connect_sessions()


def connect_sessions() -> None:
    """Receive the deletions of sessions, if they are in a table.

    The command ``clearsessions`` keeps its fast delete: it deletes only what has expired, of which
    it would load each row: 100,000 take 4 s in place of 0.3 s.
    """
    sessions = _session_model()
    if sessions is not None and sys.argv[1:2] != ["clearsessions"]:
        post_delete.connect(end_session, sessions, dispatch_uid="realtime.end_session")


def connect_model(sender: type[models.Model], **_: Any) -> None:
    """Receive the changes of a model if its rows are those of the user model.

    A proxy sends signals of its own. A subclass with a table of its own can change its user too;
    its deletions need not be received: deleting its row alone leaves the user, and deleting both
    sends the signal of the user model. A parent with a table of its own can change its user as
    well; deleting its row deletes the user, with that signal.
    """
    users: type[models.Model] = get_user_model()
    rows = _same_keys(users._meta.concrete_model)
    if issubclass(sender, users) or sender._meta.concrete_model in rows:
        post_save.connect(recheck_user, sender, dispatch_uid="realtime.recheck_user")
    if sender._meta.concrete_model is users._meta.concrete_model:
        post_delete.connect(forget_user, sender, dispatch_uid="realtime.forget_user")
        post_delete.connect(recheck_user, sender, dispatch_uid="realtime.recheck_deleted_user")


def _same_keys(users: Any) -> Iterator[Any]:
    """Yield the model of the users and its parents, as far as a user's key is a parent's too."""
    yield users
    link = users._meta.pk.remote_field
    if link is not None and getattr(link, "parent_link", False):
        yield from _same_keys(link.model)


def _session_model() -> type[models.Model] | None:
    store = session_store()
    try:
        return store.get_model_class() if is_in_table(store) else None
    except RuntimeError:  # The app of the model is not installed, as sessions are not used.
        return None
