"""A stream for each row of a model, which those may follow who may see the row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model

from realtime.streams import Stream


class RowStream(Stream):
    """``<name>.<pk>``: subclass it, and decorate the subclass with ``streams_model``."""

    model: ClassVar[type[Model]]

    def authorize(self, user: Any) -> bool:
        """Ask ``authorize_row``, with the row as the database has it; nobody may follow no row."""
        try:
            row = self.model._default_manager.get(pk=self.key)
        except (ObjectDoesNotExist, ValueError, ValidationError):
            return False
        return bool(self.authorize_row(user, row))

    def authorize_row(self, user: Any, row: Any) -> bool:
        """Return True if ``user`` may follow ``row``; nobody may, unless a subclass says so."""
        return False
