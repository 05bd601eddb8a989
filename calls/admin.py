"""Calls in Django's admin, read-only: only the phone company changes them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from calls.models import AgentStatus, Call, Leg, Message


class ReadOnly:
    """Lets people look, and change nothing."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LegInline(ReadOnly, admin.TabularInline):
    model = Leg
    fields = ["sid", "parent", "user", "address", "state", "started_at", "answered_at", "ended_at"]
    extra = 0


class MessageInline(ReadOnly, admin.StackedInline):
    model = Message
    extra = 0


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin):
    inlines = [LegInline, MessageInline]
    list_display = ["sid", "direction", "state", "outcome", "answered_by", "started_at", "ended_at"]
    list_filter = ["state", "direction", "outcome"]
    list_select_related = ["answered_by"]
    search_fields = ["=sid"]
    show_full_result_count = False


@admin.register(AgentStatus)
class AgentStatusAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["user", "status", "idle_since"]
    list_select_related = ["user"]
