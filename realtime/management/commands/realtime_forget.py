"""``manage.py realtime_forget``: erase what a user's stream, or another one, has kept."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from realtime.eventlog import event_log
from realtime.protocol.stream_names import pk_stream_name, require_stream_name, user_stream_name
from realtime.receipts.pruning import forget


class Command(BaseCommand):
    help = "Erases the kept events of a stream; those who follow it start again."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", help="the name that the user logs in with, or the primary key")
        which.add_argument("--pk", help="the primary key of a user, who may be deleted already")
        which.add_argument("--stream", help="a stream's name, such as user.42 or call.7")

    def handle(self, *args: Any, **options: Any) -> None:
        log = event_log()
        if log is None:
            raise CommandError('Events are not kept: REALTIME["EVENT_LOG"] is None.')
        try:
            stream = _stream(**options)
        except ValueError as error:
            raise CommandError(str(error)) from None
        log.forget(stream)
        forget(stream)
        self.stdout.write(f"{stream} is forgotten")


def _stream(user: str | None, pk: str | None, stream: str | None, **_: Any) -> str:
    if stream is not None:
        return require_stream_name(stream)
    if pk is not None:
        key = _primary_key(pk)
        return _stream_of_user(_users().filter(pk=key).first(), key)
    return stream_by_either(str(user))


def stream_by_either(text: str) -> str:
    """Take the name or the primary key; where these are of two users, guessing would erase."""
    named = _user_named(text)
    key = _key_in_use(text)
    if named is None and key is None:
        raise ValueError(f"There is no user {text!r}; --pk takes that of one who was deleted.")
    if key is None:
        return user_stream_name(named)
    other = _users().filter(pk=key).first()
    if named not in (None, other):
        whose = repr(other.get_username()) if other else "who was deleted"
        raise ValueError(
            f"{text!r} is the name of one user, whose primary key is {named.pk}, and the primary "
            f"key of another, {whose}. Say --pk={named.pk} or --pk={key}."
        )
    return _stream_of_user(other, key)


def _stream_of_user(user: Any | None, key: Any) -> str:
    return pk_stream_name(str(key)) if user is None else user_stream_name(user)


def _user_named(name: str) -> Any | None:
    try:
        return get_user_model()._default_manager.get_by_natural_key(name)
    except get_user_model().DoesNotExist:
        return None
    except get_user_model().MultipleObjectsReturned:
        raise ValueError(f"Several users are named {name!r}: say which one by --pk.") from None


def _key_in_use(text: str) -> Any | None:
    """Return the text as a primary key if a user has it, or had it and has left events."""
    try:
        key = _primary_key(text)
    except ValueError:
        return None
    return key if _users().filter(pk=key).exists() or _has_events(str(key)) else None


def _primary_key(text: str) -> Any:
    """Return the key as the model has it: a UUID may be written in several ways."""
    try:
        return get_user_model()._meta.pk.to_python(text)
    except ValidationError:
        raise ValueError(f"{text!r} can't be the primary key of a user.") from None


def _users() -> QuerySet[Any]:
    """All of them, also those that the model's usual manager hides."""
    return get_user_model()._base_manager.all()


def _has_events(key: str) -> bool:
    log, stream = event_log(), pk_stream_name(key)
    return log is not None and log.positions([stream])[stream].offset > 0
