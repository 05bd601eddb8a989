"""``manage.py realtime_journey``: where an event went, socket by socket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime, parse_time

from realtime.eventlog import EventLog, event_log
from realtime.eventlog.entries import LogEntry
from realtime.journey import Journey, journey_of, to_json
from realtime.journey_text import Words, text, verdict
from realtime.management.commands.realtime_forget import stream_by_either
from realtime.protocol.stream_names import USER_PREFIX, require_stream_name
from realtime.recorder.configured import recorder_backend
from realtime.recorder.facts import AROUND, Records

MAX_STREAMS = 20
"""Streams of one event, unless all are wanted."""
MAX_EVENTS = 10
"""Events around a time, the nearest."""
MAX_FOLLOWED = 100
"""Streams of one user that are searched."""


class Command(BaseCommand):
    help = "Shows where an event went: who was handed it when, who proved it, and why others not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", nargs="?", help="an event's id, as log lines have it")
        parser.add_argument("--key", help="the key that it was published with")
        parser.add_argument("--stream", help="a stream's name, with --at")
        parser.add_argument("--user", help="a user's login name or primary key, with --at")
        parser.add_argument("--at", help="a time: 14:03, 14:03:21, or with a date before it")
        parser.add_argument("--all", action="store_true", help="show every socket and stream")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        log, backend = event_log(), recorder_backend()
        if log is None:
            raise CommandError('Events are not kept: REALTIME["EVENT_LOG"] is None.')
        if backend is None:
            raise CommandError('Sockets are not recorded: REALTIME["RECORDER"] is False.')
        search = _Search(log, Records(backend), show_all=options["all"])
        try:
            self._show(search, **options)
        except ValueError as error:
            raise CommandError(str(error)) from None

    def _show(self, search: _Search, **options: Any) -> None:
        journeys, nearest = search.find(options)
        words = _words(journeys)
        if options["json"]:
            events = [to_json(one, verdict(one, words)) for one in journeys]
            self.stdout.write(json.dumps({"events": events}, indent=2))
            return
        if len(journeys) > 1:
            self.stdout.write(f"{len(journeys)} events around that time:")
            for one in journeys:
                first = one[0].entry
                at = words.at(first.numbered_at or first.logged_at)
                about = f"{first.name} {first.id} {_streams(one)}"
                self.stdout.write(f"  {at}  {about}: {verdict(one, words)}")
            self.stdout.write("\nThe nearest one:")
        self.stdout.write(text(nearest, words, show_all=options["all"]))
        if left_out := search.left_out:
            self.stdout.write(f"\n... and {left_out} more streams; --all shows them")


class _Search:
    """Finds the events that are asked for, and what became of them."""

    def __init__(self, log: EventLog, records: Records, *, show_all: bool) -> None:
        self._log = log
        self._records = records
        self._show_all = show_all
        self.left_out = 0
        """Streams of the event that are not shown."""

    def find(self, options: dict[str, Any]) -> tuple[list[list[Journey]], list[Journey]]:
        """Return the journeys of each event in each stream, and those of the one to show.

        Raises ``ValueError`` with a sentence for people.
        """
        chosen = [name for name in ("event", "key", "stream", "user") if options[name]]
        if len(chosen) != 1:
            raise ValueError("Name an event's id, or --key, or --stream or --user with --at.")
        if (chosen[0] in ("stream", "user")) != bool(options["at"]):
            raise ValueError("--at goes with --stream or --user, and each of these needs it.")
        if chosen[0] == "event":
            return self._named(self._log.find(id=options["event"]), f"id {options['event']!r}")
        if chosen[0] == "key":
            return self._named(self._log.find(key=options["key"]), f"key {options['key']!r}")
        at = _time(options["at"], timezone.now()).timestamp()
        if chosen[0] == "stream":
            stream = require_stream_name(options["stream"])
            return self._around(at, [stream], None, stream)
        user = stream_by_either(options["user"])
        lives = self._records.lives_of_user(user, at - AROUND, at + AROUND)
        followed = {one.stream for life in lives for one in life.followings} - {user}
        if not lives:
            whom = f"{options['user']!r}, who had no socket then,"
        else:
            whom = f"{options['user']!r} ({len(lives)} sockets)"
        return self._around(at, [user, *sorted(followed)[:MAX_FOLLOWED]], user, whom)

    def _named(
        self, entries: Sequence[LogEntry], what: str
    ) -> tuple[list[list[Journey]], list[Journey]]:
        if not entries:
            raise ValueError(
                f"The log has no event with the {what}. It may be pruned, or was never committed. "
                "A Redis log finds the newest ones this way, and older ones by --stream and --at."
            )
        event = entries[-1].id
        journeys = self._journeys([one for one in entries if one.id == event], None)
        return [journeys], journeys

    def _around(
        self, at: float, streams: Iterable[str], user: str | None, whose: str
    ) -> tuple[list[list[Journey]], list[Journey]]:
        begin, end = at - AROUND, at + AROUND
        found = [
            entry
            for stream in streams
            for entry in self._log.between(stream, begin, end, MAX_EVENTS)
        ]
        if not found:
            times = f"{_clock(begin)} and {_clock(end)}"
            raise ValueError(f"The log has no event of {whose} between {times}.")
        found.sort(key=lambda one: abs((one.numbered_at or 0.0) - at))
        ids = list(dict.fromkeys(one.id for one in found))[:MAX_EVENTS]
        journeys = [
            self._journeys([one for one in found if one.id == event], user) for event in ids
        ]
        in_order = sorted(journeys, key=lambda one: one[0].entry.numbered_at or 0.0)
        return in_order, journeys[0]

    def _journeys(self, entries: Sequence[LogEntry], user: str | None) -> list[Journey]:
        shown = entries if self._show_all else entries[:MAX_STREAMS]
        self.left_out += len(entries) - len(shown)
        return [journey_of(self._records.facts_of(one, user)) for one in shown]


def _time(given: str, now: datetime) -> datetime:
    """Read a time of the current time zone; without a date it is the last one before ``now``."""
    try:
        at, hour = parse_datetime(given), None if "-" in given else parse_time(given)
    except ValueError:
        at = hour = None
    if hour is not None:
        today = timezone.localtime(now).date()
        at = datetime.combine(today, hour)
        if timezone.make_aware(at) > now:
            at -= timedelta(days=1)
    if at is None:
        raise ValueError(f"{given!r} is no time: write 14:03, 14:03:21 or 2026-01-31T14:03:21.")
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > now:
        raise ValueError(f"{given!r} is in the future: it is {_clock(now.timestamp())} now.")
    return at


def _clock(seconds: float) -> str:
    """Write a time with milliseconds, and the date unless that is today's."""
    at = datetime.fromtimestamp(seconds, timezone.get_current_timezone())
    time = at.isoformat(sep=" ", timespec="milliseconds")[:23]
    return time[11:] if at.date() == timezone.localtime().date() else time


def _words(journeys: Iterable[Iterable[Journey]]) -> Words:
    lives = (story.life for one in journeys for journey in one for story in journey.stories)
    return Words(_clock, _names({life.user for life in lives if life.user is not None}))


def _names(streams: Iterable[str]) -> dict[str, str]:
    """Return the login names of users; of an escaped primary key there is only the stream."""
    model = get_user_model()
    keys = {}
    for stream in streams:
        prefix, _, key = stream.partition(".")
        if prefix == USER_PREFIX:
            try:
                keys[model._meta.pk.to_python(key)] = stream
            except ValidationError:
                continue
    users = model._base_manager.filter(pk__in=list(keys))
    return {keys[user.pk]: user.get_username() for user in users}


def _streams(journeys: Sequence[Journey]) -> str:
    return ",".join(journey.entry.stream for journey in journeys)
