"""What the events of a row say: as JSON, or as HTML that a template makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Field, Model
from django.utils.encoding import is_protected_type
from django.utils.module_loading import import_string

from realtime import Publication

Streams = Sequence[str]


class Description(Protocol):
    """Makes the events of one row; ``version`` is in microseconds."""

    def events(
        self, row: Model, version: int, entered: Streams, stayed: Streams
    ) -> Iterator[Publication]:
        """Yield what the streams get that the row has come to, and those that had it before."""

    def deletion(self, pk: Any, version: int, left: Streams) -> Publication:
        """Return what streams get that have the row no more."""


class AsJSON:
    """``<name>.created``, ``.updated`` and ``.deleted`` with the row as JSON."""

    def __init__(self, name: str, serialize: Callable[[Any], Any]) -> None:
        self.name = name
        self.serialize = serialize

    def events(
        self, row: Model, version: int, entered: Streams, stayed: Streams
    ) -> Iterator[Publication]:
        data = {**self.data(row), "version": version}
        if entered:
            yield Publication(entered, f"{self.name}.created", data)
        if stayed:
            yield Publication(stayed, f"{self.name}.updated", data)

    def deletion(self, pk: Any, version: int, left: Streams) -> Publication:
        return Publication(left, f"{self.name}.deleted", {"pk": pk, "version": version})

    def data(self, row: Model) -> dict[str, Any]:
        """Return the row without a version."""
        described = self.serialize(row)
        if not isinstance(described, Mapping):  # A serializer of Django REST framework has it so.
            described = getattr(described, "data", described)
        return {"pk": row.pk, "row": described}


class AsHTML:
    """Events of ``realtime.contrib.html``: the row's element has the id ``<name>-<pk>``."""

    def __init__(self, name: str, template: str, target: str) -> None:
        self.name = name
        self.template = template
        self.target = target
        try:
            self._publication = import_string("realtime.contrib.html.html_publication")
        except ImportError as error:
            raise ImproperlyConfigured("A template needs realtime.contrib.html.") from error

    def events(
        self, row: Model, version: int, entered: Streams, stayed: Streams
    ) -> Iterator[Publication]:
        context = {"object": row, self.name: row}
        element = f"{self.name}-{row.pk}"
        if entered:
            yield self._of_row(
                element, version, entered, "append", self.target, self.template, context
            )
        if stayed:
            yield self._of_row(element, version, stayed, "replace", element, self.template, context)

    def deletion(self, pk: Any, version: int, left: Streams) -> Publication:
        element = f"{self.name}-{pk}"
        return self._of_row(element, version, left, "remove", element)

    def _of_row(self, row: str, version: int, *arguments: Any) -> Publication:
        """Return what ``html_publication`` does, with what a page needs to drop what is older."""
        publication: Publication = self._publication(*arguments)
        return replace(publication, data={**publication.data, "row": row, "version": version})


def by_fields(model: type[Model], names: Sequence[str]) -> Callable[[Model], dict[str, Any]]:
    """Return a function that gives the named fields of a row, a relation as the key of its row.

    Raises ``FieldDoesNotExist`` for a name that is no field, and ``ValueError`` for a field with
    values in another table.
    """
    if isinstance(names, str):
        raise TypeError(f"fields is a list of names, not {names!r}.")
    fields = [model._meta.get_field(name) for name in names]
    for field in fields:
        if not isinstance(field, Field) or field.many_to_many:
            raise ValueError(f"{field.name} is no column of {model.__name__}: take a serializer.")
    return lambda row: {name: _value(field, row) for name, field in zip(names, fields, strict=True)}


def _value(field: Any, row: Model) -> Any:
    value = field.value_from_object(row)
    return value if is_protected_type(value) else field.value_to_string(row)
