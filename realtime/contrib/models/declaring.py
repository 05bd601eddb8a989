"""``streams_model``: declares which streams the rows of a model are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import CompositePrimaryKey, Model, QuerySet

from realtime.contrib.models import receivers
from realtime.contrib.models.declaration import Declaration, To, declare, declared
from realtime.contrib.models.description import AsHTML, AsJSON, Description, by_fields
from realtime.contrib.models.row_stream import RowStream
from realtime.streams import register

RowStreamClass = TypeVar("RowStreamClass", bound=type[RowStream])


def streams_model(
    model: type[Model],
    *,
    to: To,
    fields: Sequence[str] | None = None,
    serializer: Callable[[Any], Any] | None = None,
    template: str | None = None,
    target: str | None = None,
    name: str | None = None,
) -> Callable[[RowStreamClass], RowStreamClass]:
    """Publish what becomes of a model's rows from now on; its place is an app's ``streams`` module.

    ``to`` gets a row and returns a stream's name, a user, or several of these. One of three says
    what an event has of the row: ``fields``, names of its fields; ``serializer``, a function of the
    row or a serializer class of Django REST framework; or ``template``, which
    ``realtime.contrib.html`` renders for the element with the id ``target``. ``name`` is what the
    events are named after, in place of the model's name in lower case.

    Returns a decorator for a subclass of ``RowStream``, which then serves a stream for each row.

    Raises ``ValueError``, ``TypeError`` or ``FieldDoesNotExist`` for what makes no sense, and
    ``ImproperlyConfigured`` for a template without ``realtime.contrib.html``.
    """
    if model._meta.abstract:
        raise ValueError(f"{model.__name__} is abstract: declare the models that have its rows.")
    if isinstance(model._meta.pk, CompositePrimaryKey):
        raise ValueError(f"The key of {model.__name__} has several columns; an event has one.")
    name = name or str(model._meta.model_name)
    description = _description(model, name, fields, serializer, template, target)
    declaration = Declaration(model, name, to, description)
    declare(declaration)
    receivers.connect(declaration)

    def decorator(stream_class: RowStreamClass) -> RowStreamClass:
        stream_class.model = model
        register(name, stream_class)
        declaration.has_row_streams = True
        return stream_class

    return decorator


def row_data(rows: QuerySet[Any] | Iterable[Model]) -> list[dict[str, Any]]:
    """Return rows as their events have them, for the view from which a page fetches them.

    Raises ``ValueError`` for rows of a model that no declaration describes as JSON.
    """
    return [_described(row) for row in rows]


def _described(row: Model) -> dict[str, Any]:
    declaration = declared(type(row))
    if declaration is None or not isinstance(declaration.description, AsJSON):
        raise ValueError(f"No declaration describes rows of {type(row).__name__} as JSON.")
    return declaration.description.data(row)


def _description(
    model: type[Model],
    name: str,
    fields: Sequence[str] | None,
    serializer: Callable[[Any], Any] | None,
    template: str | None,
    target: str | None,
) -> Description:
    if sum(given is not None for given in (fields, serializer, template)) != 1:
        raise ValueError("Give one of fields, serializer and template.")
    if (target is None) != (template is None):
        raise ValueError("A template needs a target, and nothing else has one.")
    if template is not None and target is not None:
        return AsHTML(name, template, target)
    return AsJSON(name, serializer or by_fields(model, fields or ()))
