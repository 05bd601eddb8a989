"""The page of sockets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from realtime.admin.base import PageAdmin
from realtime.admin.times import from_milliseconds
from realtime.admin.users import own_streams, usernames
from realtime.layer.questions import SOCKETS, ask
from realtime.models.recorder import RecordedProcess, RecordedSocket
from realtime.rights import disconnect


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
        users = [term, *own_streams(term)]
        return queryset.filter(Q(id=term) | Q(process=term) | Q(user__in=users)), False

    def complete(self, rows: Sequence[RecordedSocket]) -> None:
        still_open = [row.id for row in rows if row.ended_at is None]
        answers = ask(SOCKETS, {"ids": still_open}) if still_open else {}
        known = {id: one for answer in answers.values() for id, one in answer.items()}
        processes = RecordedProcess.objects.in_bulk({row.process for row in rows})
        names = usernames({row.user for row in rows})
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
        return from_milliseconds(socket.opened_at)

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
        ended_at = from_milliseconds(socket.ended_at)
        return f"{ended_at} {socket.code or ''} by {socket.ended_by or 'nobody'}"

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may end sockets."""
        return request.user.has_perm("realtime.delete_recordedsocket")

    @admin.action(description="Disconnect the selected sockets", permissions=["disconnect"])
    def disconnect(self, request: HttpRequest, queryset: QuerySet[RecordedSocket]) -> None:
        ids = list(queryset.filter(ended_at=None).values_list("id", flat=True))
        for id in ids:
            disconnect(socket=id)
        self.message_user(request, f"{len(ids)} sockets are asked to disconnect, and stay away.")
