"""The page of events."""

from __future__ import annotations

import io
import json

from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from realtime.admin.base import ReadOnlyAdmin
from realtime.admin.times import as_text, from_milliseconds
from realtime.admin.users import own_streams
from realtime.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The events of the database log, the newest first."""

    fields = [
        *("event_id", "name", "stream", "offset", "key", "origin", "published"),
        *("logged", "numbered", "journey", "sent", "traceparent", "exclude"),
    ]
    list_display = ["published", "name", "stream", "offset", "key", "origin", "event_id"]
    ordering = ["-id"]
    readonly_fields = ["published", "logged", "numbered", "journey", "sent"]
    search_fields = ["=event_id", "=key", "=stream"]
    search_help_text = "An event's id or key, a stream, or the name of a user, in full."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        streams = [term, *own_streams(term)]
        return queryset.filter(Q(event_id=term) | Q(key=term) | Q(stream__in=streams)), False

    @admin.display(description="published", ordering="id")
    def published(self, event: Event) -> str:
        return from_milliseconds(event.at)

    @admin.display(description="logged, by the database's clock")
    def logged(self, event: Event) -> str:
        return as_text(event.logged_at)

    @admin.display(description="numbered, by the database's clock")
    def numbered(self, event: Event) -> str:
        return as_text(event.numbered_at) if event.numbered_at else "not yet"

    @admin.display(description="data")
    def sent(self, event: Event) -> str:
        data = json.dumps(json.loads(event.data), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", data)

    @admin.display(description="journey")
    def journey(self, event: Event) -> str:
        text = io.StringIO()
        try:
            call_command("realtime_journey", event.event_id, stdout=text, no_color=True)
        except CommandError as error:
            return str(error)
        return format_html("<pre>{}</pre>", text.getvalue())
