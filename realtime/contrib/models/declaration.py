"""What a project has declared of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import Model

from realtime.contrib.models.description import Description
from realtime.recipients import Recipient, stream_names

To: TypeAlias = "Callable[[Any], Recipient | Iterable[Recipient]]"


@dataclass
class Declaration:
    """The streams of a model's rows, and what their events say."""

    model: type[Model]
    name: str
    to: To
    description: Description
    has_row_streams: bool = False
    """Whether a stream is named after each row, which has its events too."""

    def streams(self, row: Model) -> list[str]:
        """Return the names of the streams that a row is in, each once."""
        own = [f"{self.name}.{row.pk}"] if self.has_row_streams else []
        return stream_names([self.to(row), *own])


_declared: dict[type[Model], Declaration] = {}


def declare(declaration: Declaration) -> None:
    """Note a declaration; raises ``ValueError`` for a second one of the same model."""
    if declaration.model in _declared:
        raise ValueError(f"The streams of {declaration.model.__name__} are declared already.")
    _declared[declaration.model] = declaration


def declared(model: type[Model]) -> Declaration | None:
    """Return what is declared of a model, or None."""
    return _declared.get(model)
