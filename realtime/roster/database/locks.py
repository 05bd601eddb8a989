"""Locks in the database, taken and given back within the caller's transaction if there is one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db.models.functions import Now

from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.heads import short_transaction
from realtime.models.presence import PresenceLock, PresenceMember
from realtime.roster.base import LOCK_LEASE, ONLINE, Holder
from realtime.roster.database.membership import member_id
from realtime.roster.database.reading import attending, leased

TRIES = 5
"""Times that a lock is tried which others take and give back meanwhile."""


def take(name: str, holder: Holder, using: str) -> bool:
    """Take a lock; returns whether ``holder`` has it then."""
    locks = PresenceLock.objects.using(using)
    until = Now() + timedelta(seconds=LOCK_LEASE)
    wanted = {"user": holder.user or "", "socket": holder.socket or ""}
    for _ in range(TRIES):
        locks.bulk_create([PresenceLock(name=name, until=until, **wanted)], ignore_conflicts=True)
        present = locks.filter(name=name).first()
        if present is None:
            continue
        unchanged = locks.filter(name=name, user=present.user, socket=present.socket)
        if (present.user, present.socket) != (wanted["user"], wanted["socket"]):
            if holders([name], using):
                return False
            unchanged = unchanged.filter(until=present.until)
        elif _is_there(holder, using):
            return True
        if unchanged.update(until=until, **wanted):
            return True
    return False


def give_back(name: str, holder: Holder, using: str) -> bool:
    """Free a lock; returns whether ``holder`` had it."""
    held = PresenceLock.objects.using(using).filter(
        name=name, user=holder.user or "", socket=holder.socket or ""
    )
    return bool(held.delete()[0])


def holders(names: Sequence[str], using: str) -> dict[str, Holder]:
    """Return the holders of locks that are held."""
    rows = list(PresenceLock.objects.using(using).filter(name__in=names).annotate(now=Now()))
    owners = _owners([row.socket for row in rows if row.socket], using)
    users = attending(ONLINE, [row.user for row in rows if row.user], using)
    return {
        row.name: Holder(row.user or owners.get(row.socket), row.socket or None)
        for row in rows
        if row.until >= row.now or row.user in users or row.socket in owners
    }


def prune(using: str) -> None:
    """Delete locks whose holders never appeared."""
    late = PresenceLock.objects.using(using).filter(until__lt=Now())
    names = list(late.values_list("name", flat=True))
    if names:
        free = set(names) - holders(names, using).keys()
        with short_transaction(using):
            remove_unlocked(late.filter(name__in=free))


def _is_there(holder: Holder, using: str) -> bool:
    """Tell whether a user is online, or whose open socket it is."""
    if holder.socket:
        return bool(_owners([holder.socket], using))
    return bool(attending(ONLINE, [holder.user or ""], using))


def _owners(sockets: Collection[str], using: str) -> dict[str, str]:
    """Return the users of open sockets."""
    if not sockets:
        return {}
    members = PresenceMember.objects.using(using).filter(process__in=leased(0.0, using))
    ids = [member_id(socket, ONLINE) for socket in sockets]
    return dict(members.filter(id__in=ids).values_list("socket", "user"))
