"""``manage.py realtime_forget``: erase what a user's stream, or another one, has kept."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from realtime.eventlog import event_log
from realtime.protocol.stream_names import require_stream_name, user_stream_name


def event_log_keeps(stream: str) -> bool:
    """Tell whether anything was ever published to a stream."""
    log = event_log()
    return log is not None and log.positions([require_stream_name(stream)])[stream].offset > 0


class Command(BaseCommand):
    help = "Erases the kept events of a stream; those who follow it start again."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", help="the name that the user logs in with, or the primary key")
        which.add_argument("--stream", help="a stream's name, such as user.42 or call.7")

    def handle(self, *args: Any, **options: Any) -> None:
        log = event_log()
        if log is None:
            raise CommandError('Events are not kept: REALTIME["EVENT_LOG"] is None.')
        stream = self._stream(**options)
        log.forget(stream)
        self.stdout.write(f"{stream} is forgotten")

    def _stream(self, user: str | None, stream: str | None, **_: Any) -> str:
        try:
            return require_stream_name(stream) if stream is not None else _stream_of(user)
        except ValueError as error:
            raise CommandError(str(error)) from None


def _stream_of(user: str | None) -> str:
    """A user who was deleted is known by the primary key alone."""
    users = get_user_model()._default_manager
    try:
        return user_stream_name(users.get_by_natural_key(user))
    except get_user_model().DoesNotExist:
        if user and event_log_keeps(f"user.{user}"):
            return f"user.{user}"
        raise CommandError(f"There is no user {user!r}, and no stream of one.") from None
