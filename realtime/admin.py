"""Django's admin pages: what is published, what becomes of it, and who is connected now.

They are to look at. What they change is two actions, each with a permission of Django's: who may
delete a stream's head may erase the stream, and who may delete a recorded socket may disconnect it.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from realtime.eventlog import event_log
from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.retention import retention_of
from realtime.layer.questions import FOLLOWERS, SOCKETS, ask
from realtime.models import Event, RecordedProcess, RecordedSocket, StreamHead
from realtime.protocol.stream_names import USER_PREFIX, user_stream_name
from realtime.rights import disconnect

if TYPE_CHECKING:  # They take no type at run time.
    AnyPaginator = Paginator[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyPaginator, AnyModelAdmin = Paginator, admin.ModelAdmin

MAX_COUNTED = 10_000
"""Rows that are counted for the page numbers; counting a million takes longer than showing 100."""


class BoundedPaginator(AnyPaginator):
    """Counts no further than ``MAX_COUNTED``."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most ``MAX_COUNTED``."""
        rows: Any = self.object_list
        counted: int = rows.order_by()[:MAX_COUNTED].count()
        return counted


class ReadOnlyAdmin(AnyModelAdmin):
    """Lets people look, page by page, however many rows there are."""

    paginator = BoundedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PageAdmin(ReadOnlyAdmin):
    """Asks all processes about the rows of a page, once for all of them."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            rows = response.context_data["cl"].result_list
            self.complete(list(rows))
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.complete([found])
        return found

    def complete(self, rows: Sequence[Any]) -> None:
        """Give each row what only the processes know."""
        raise NotImplementedError


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
        own = _own_streams(search_term)
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
        streams = [term, *_own_streams(term)]
        return queryset.filter(Q(event_id=term) | Q(key=term) | Q(stream__in=streams)), False

    @admin.display(description="published", ordering="id")
    def published(self, event: Event) -> str:
        return _time(event.at)

    @admin.display(description="logged, by the database's clock")
    def logged(self, event: Event) -> str:
        return _text(event.logged_at)

    @admin.display(description="numbered, by the database's clock")
    def numbered(self, event: Event) -> str:
        return _text(event.numbered_at) if event.numbered_at else "not yet"

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


class StateFilter(admin.SimpleListFilter):
    """Open sockets, unless others are asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("ended", "ended"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": "open now"} if choice["display"] == "All" else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        alive = RecordedProcess.objects.filter(lease_until__gt=timezone.now(), ended_at=None)
        is_open = Q(ended_at=None, process__in=alive.values("id"))
        return queryset.exclude(is_open) if self.value() == "ended" else queryset.filter(is_open)


@admin.register(RecordedSocket)
class SocketAdmin(PageAdmin):
    """The sockets of all processes, as the flight recorder has them, and as they answer now."""

    actions = ["disconnect"]
    list_display = (
        *("id", "who", "where", "opened", "latency_now", "streams_now", "end"),
        "user_agent",
    )
    fields = list_display
    readonly_fields = list_display
    list_filter = [StateFilter]
    search_fields = ["=id", "=process", "=user"]
    search_help_text = "A socket's id, a process, a user's stream, or the name of a user."

    def get_ordering(self, request: HttpRequest) -> Any:
        """The open ones are few; of the others there is an index by their end alone."""
        return ["-ended_at"] if StateFilter.parameter_name in request.GET else ["-opened_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RecordedSocket], search_term: str
    ) -> tuple[QuerySet[RecordedSocket], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        users = [term, *_own_streams(term)]
        return queryset.filter(Q(id=term) | Q(process=term) | Q(user__in=users)), False

    def complete(self, rows: Sequence[RecordedSocket]) -> None:
        still_open = [row.id for row in rows if row.ended_at is None]
        answers = ask(SOCKETS, {"ids": still_open}) if still_open else {}
        known = {id: one for answer in answers.values() for id, one in answer.items()}
        processes = RecordedProcess.objects.in_bulk({row.process for row in rows})
        names = _usernames({row.user for row in rows})
        for row in rows:
            row.answer = known.get(row.id)  # type: ignore[attr-defined]
            row.process_row = processes.get(row.process)  # type: ignore[attr-defined]
            row.username = names.get(row.user)  # type: ignore[attr-defined]

    @admin.display(description="user", ordering="user")
    def who(self, socket: RecordedSocket) -> str:
        username = getattr(socket, "username", None)
        return f"{username} ({socket.user})" if username else socket.user or "visitor"

    @admin.display(description="process", ordering="process")
    def where(self, socket: RecordedSocket) -> str:
        process = getattr(socket, "process_row", None)
        return f"{process.host}/{process.pid}" if process else socket.process

    @admin.display(description="since", ordering="opened_at")
    def opened(self, socket: RecordedSocket) -> str:
        return _time(socket.opened_at)

    @admin.display(description="latency")
    def latency_now(self, socket: RecordedSocket) -> str:
        answer = getattr(socket, "answer", None)
        latency = answer["latency"] if answer else socket.latency
        return "-" if latency is None else f"{latency * 1000:.0f} ms"

    @admin.display(description="streams")
    def streams_now(self, socket: RecordedSocket) -> str:
        answer = getattr(socket, "answer", None)
        if answer is None:
            return "-" if socket.ended_at else "no answer"
        return ", ".join(answer["streams"]) or "none"

    @admin.display(description="end")
    def end(self, socket: RecordedSocket) -> str:
        if socket.ended_at is None:
            return ""
        return f"{_time(socket.ended_at)} {socket.code or ''} by {socket.ended_by or 'nobody'}"

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may end sockets."""
        return request.user.has_perm("realtime.delete_recordedsocket")

    @admin.action(description="Disconnect the selected sockets", permissions=["disconnect"])
    def disconnect(self, request: HttpRequest, queryset: QuerySet[RecordedSocket]) -> None:
        ids = list(queryset.filter(ended_at=None).values_list("id", flat=True))
        for id in ids:
            disconnect(socket=id)
        self.message_user(request, f"{len(ids)} sockets are asked to disconnect, and stay away.")


def _time(milliseconds: int) -> str:
    """Return a time since 1970 as text."""
    return _text(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _text(at: datetime) -> str:
    """Return a time in the current time zone, to the millisecond as the journey has it."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _own_streams(username: str) -> list[str]:
    """Return the own stream of the user with that name, or nothing."""
    users = get_user_model()
    named = users._base_manager.filter(**{users.USERNAME_FIELD: username.strip()})[:1]
    return [user_stream_name(user) for user in named]


def _usernames(streams: Iterable[str]) -> dict[str, str]:
    """Return the names of the users whose own streams these are, where the key stands in it."""
    users = get_user_model()
    keys = []
    for stream in streams:
        prefix, _, key = stream.partition(".")
        with contextlib.suppress(ValidationError):
            if prefix == USER_PREFIX:
                keys.append(users._meta.pk.to_python(key))
    found = users._base_manager.in_bulk(keys).values()
    return {user_stream_name(user): user.get_username() for user in found}
