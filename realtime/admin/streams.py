"""The page of streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from realtime.admin.base import PageAdmin
from realtime.admin.users import own_streams
from realtime.eventlog import event_log
from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.retention import retention_of
from realtime.layer.questions import FOLLOWERS, ask
from realtime.models import StreamHead


@admin.register(StreamHead)
class StreamAdmin(PageAdmin):
    """The streams of the database log."""

    actions = ["forget"]
    list_display = ("name", "position", "followers", "kept", "retention")
    fields = list_display
    readonly_fields = list_display
    ordering = ["name"]
    search_fields = ["name__startswith"]
    search_help_text = "The beginning of a stream's name, or the name of a user."

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamHead]:
        return super().get_queryset(request).exclude(name="")  # It has the seed of all epochs.

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StreamHead], search_term: str
    ) -> tuple[QuerySet[StreamHead], bool]:
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        own = own_streams(search_term)
        return (found | queryset.filter(name__in=own) if own else found), has_duplicates

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        log = event_log()
        if not isinstance(log, DatabaseEventLog):
            kind = type(log).__name__ if log else "no event log"
            several = isinstance(log, EventLogByPrefix)
            where = "Not all events are" if several else "Events are not"
            self.message_user(
                request, f"{where} in the database here: it is {kind}.", messages.WARNING
            )
        return super().changelist_view(request, extra_context)

    def complete(self, rows: Sequence[StreamHead]) -> None:
        answers = ask(FOLLOWERS, {"streams": [row.name for row in rows]}) if rows else {}
        for row in rows:
            row.follower_count = sum(  # type: ignore[attr-defined]
                answer.get(row.name, 0) for answer in answers.values()
            )

    @admin.display(description="position")
    def position(self, head: StreamHead) -> str:
        return f"{head.top} ({head.epoch})"

    @admin.display(description="followers now")
    def followers(self, head: StreamHead) -> int | str:
        return getattr(head, "follower_count", "-")

    @admin.display(description="kept")
    def kept(self, head: StreamHead) -> str:
        return f"{head.pruned + 1} to {head.top}" if head.top > head.pruned else "nothing"

    @admin.display(description="retention")
    def retention(self, head: StreamHead) -> str:
        count, age = retention_of(head.name)
        return f"{count} events, {age / 86400:g} days"

    def has_forget_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may erase streams."""
        return request.user.has_perm("realtime.delete_streamhead")

    @admin.action(description="Erase the events of the selected streams", permissions=["forget"])
    def forget(self, request: HttpRequest, queryset: QuerySet[StreamHead]) -> None:
        log = event_log()
        names = list(queryset.values_list("name", flat=True))
        if log is not None:
            for name in names:
                log.forget(name)
        self.message_user(request, f"{len(names)} streams are erased. Their followers start again.")
