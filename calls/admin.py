"""Calls in Django's admin, read-only: only the phone company changes them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from calls.models import Call


@admin.register(Call)
class CallAdmin(admin.ModelAdmin):
    list_display = ["sid", "direction", "state", "answered_by", "started_at", "ended_at"]
    list_filter = ["state", "direction"]
    list_select_related = ["answered_by"]
    search_fields = ["sid"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
