"""Notices that wait in the database: each is announced in the transaction that deletes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from realtime.eventlog.database.heads import short_transaction
from realtime.models.presence import PresenceNotice
from realtime.roster.base import Announce, Notice
from realtime.roster.database.claims import claim

PENDING = 1000
"""Subjects whose first notice is found together."""


def add_notices(notices: Iterable[Notice], using: str) -> None:
    """Put notices behind those that wait."""
    PresenceNotice.objects.using(using).bulk_create(
        [
            PresenceNotice(
                notice_id=notice.id, subject=notice.subject, content=json.dumps(notice.as_dict())
            )
            for notice in notices
        ]
    )


def pending(using: str) -> Sequence[str]:
    """Return the ids of each subject's first notice."""
    return list(_first(using).order_by("id").values_list("notice_id", flat=True)[:PENDING])


def deliver(notice: str, announce: Announce, using: str) -> bool:
    """Announce a notice and delete it, both or neither; False if another process does."""
    with short_transaction(using):
        if not claim(f"notice {notice}", using):
            return False
        row = _first(using).filter(notice_id=notice).first()
        if row is None:
            return False
        announce(Notice(**json.loads(row.content)))
        row.delete()
        return True


def _first(using: str) -> QuerySet[PresenceNotice]:
    notices = PresenceNotice.objects.using(using)
    older = notices.filter(subject=OuterRef("subject"), id__lt=OuterRef("id"))
    return notices.filter(~Exists(older))
