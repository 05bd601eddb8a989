"""The table of orders, which follows their stream."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from examples.orders.models import Order
from realtime import position


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["customer", "pieces", "shipped"]
    list_filter = ["shipped"]
    search_fields = ["customer"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        positions = position(["orders"])  # Before the data: what comes later is replayed.
        return super().changelist_view(request, {**(extra_context or {}), "positions": positions})
