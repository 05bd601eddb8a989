"""Reads of who is there; a dead process counts for nothing, though nobody has swept it yet."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from realtime.conf import realtime_settings
from realtime.models.presence import Attendance, PresenceMember, PresenceProcess
from realtime.roster.base import ONLINE, OpenSocket, Present


def leased(grace: float, using: str) -> QuerySet[PresenceProcess, str]:
    """Return the ids of processes whose lease holds, or ended at most ``grace`` seconds ago."""
    since = Now() - timedelta(seconds=grace)
    leases = PresenceProcess.objects.using(using).filter(lease_until__gte=since)
    return leases.values_list("id", flat=True)


def present(streams: Sequence[str], using: str) -> dict[str, list[Present]]:
    """Return who is in each stream."""
    sockets = _sockets(streams, using)
    found: dict[str, list[Present]] = {name: [] for name in streams}
    for row in there(using).filter(stream__in=streams).order_by("since", "user"):
        open_sockets = tuple(one.socket for one in sorted(sockets[row.stream, row.user]))
        found[row.stream].append(_present(row, using, open_sockets))
    return found


def listed(streams: Sequence[str], using: str) -> dict[str, list[Present]]:
    """Return who is in each stream or has left it, which no notice says yet."""
    found: dict[str, list[Present]] = {name: [] for name in streams}
    rows = Attendance.objects.using(using).filter(stream__in=streams)
    for row in rows.order_by("since", "user"):
        found[row.stream].append(_present(row, using))
    return found


def attending(stream: str, users: Collection[str], using: str) -> set[str]:
    """Return which of the users are in a stream."""
    if not users:
        return set()
    rows = there(using).filter(stream=stream, user__in=users)
    return set(rows.values_list("user", flat=True))


def sockets_of(users: Sequence[str], using: str) -> dict[str, list[OpenSocket]]:
    """Return the open sockets of users."""
    members = PresenceMember.objects.using(using).filter(stream=ONLINE, user__in=users)
    open_now = members.filter(process__in=leased(0.0, using))
    found: dict[str, list[OpenSocket]] = {user: [] for user in users}
    for user, since, socket in open_now.values_list("user", "since", "socket"):
        found[user].append(OpenSocket(since, socket))
    return {user: sorted(sockets) for user, sockets in found.items()}


def in_utc(moment: datetime, using: str) -> datetime:
    """Return what the database's clock said; without ``USE_TZ`` SQLite's is naive, and in UTC."""
    if is_naive(moment):
        is_local = connections[using].vendor == "postgresql"
        moment = make_aware(moment, get_default_timezone() if is_local else UTC)
    return moment.astimezone(UTC)


def there(using: str) -> QuerySet[Attendance]:
    """Return the attendances of users who are there, or may still come back."""
    grace = realtime_settings().OFFLINE_AFTER
    members = PresenceMember.objects.using(using).filter(
        stream=OuterRef("stream"), user=OuterRef("user"), process__in=leased(grace, using)
    )
    return Attendance.objects.using(using).filter(Q(due_at__gt=Now()) | Exists(members))


def _present(row: Attendance, using: str, sockets: tuple[str, ...] = ()) -> Present:
    return Present(row.user, json.loads(row.meta), in_utc(row.since, using), sockets)


def _sockets(streams: Sequence[str], using: str) -> defaultdict[tuple[str, str], list[OpenSocket]]:
    members = PresenceMember.objects.using(using).filter(stream__in=streams)
    open_now = members.filter(process__in=leased(0.0, using))
    found: defaultdict[tuple[str, str], list[OpenSocket]] = defaultdict(list)
    for stream, user, since, socket in open_now.values_list("stream", "user", "since", "socket"):
        found[stream, user].append(OpenSocket(since, socket))
    return found
