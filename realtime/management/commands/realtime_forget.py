"""``manage.py realtime_forget``: erase what a user's stream, or another one, has kept."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from realtime.eventlog import event_log
from realtime.streams import require_stream_name, user_stream_name


class Command(BaseCommand):
    help = "Erases the kept events of a stream; those who follow it start again."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", help="the name that the user logs in with")
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
            if stream is not None:
                return require_stream_name(stream)
            return user_stream_name(get_user_model()._default_manager.get_by_natural_key(user))
        except get_user_model().DoesNotExist:
            raise CommandError(f"There is no user {user!r}.") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
