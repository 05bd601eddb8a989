"""Pages to look at: however many rows there are, and with what only the processes know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template.response import TemplateResponse

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
