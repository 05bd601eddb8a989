"""The fields of a log line, read off its template: ``closed socket=%s code=%d: for people``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

_FORM = re.compile(r"(?P<words>[^=%:]+?)(?P<fields>(?: [a-z_]+=[^\s:]+)*)(?:: [^%]*)?")
_FIELD = re.compile(r" ([a-z_]+)=(?:(%[.\d]*[a-z])[a-z]*|([^\s:%]+))(?=[ :]|$)")
"""A value is one argument, with its unit behind it, or stands in the template."""

_TEMPLATES = 1024
"""Templates that are remembered; those of this package are a hundred."""


class Field(NamedTuple):
    """One ``key=value``: its value is the next argument, or the ``constant`` that stands there."""

    key: str
    conversion: str
    """Such as ``%s``, empty for a constant."""
    constant: str


class Form(NamedTuple):
    """What a template consists of."""

    words: str
    """What happened."""
    fields: tuple[Field, ...]
    keys: frozenset[str]
    end: int
    """Where the fields end, and what is said to people begins."""


@lru_cache(_TEMPLATES)
def read_form(template: str) -> Form | None:
    """Return the form of a template: words, fields, and words for people after a colon.

    None if it has another one, a sentence for example.
    """
    match = _FORM.fullmatch(template)
    if match is None:
        return None
    fields = tuple(Field(*found) for found in _FIELD.findall(match["fields"]))
    is_complete = len(fields) == match["fields"].count(" ")
    if not is_complete:
        return None
    keys = frozenset(field.key for field in fields)
    return Form(match["words"], fields, keys, match.end("fields"))


@lru_cache(_TEMPLATES)
def extended(template: str, keys: tuple[str, ...]) -> str:
    """Return a template with more fields, each with an argument, after those that it has.

    One without a form has them after its last word.
    """
    form = read_form(template)
    end = len(template) if form is None else form.end
    return template[:end] + "".join(f" {key}=%s" for key in keys) + template[end:]


def values(form: Form, args: Sequence[Any]) -> dict[str, Any] | None:
    """Return what a line says, as JSON can have it: ``what`` happened, and each field.

    Numbers stay numbers, and what is no text becomes the text that the line has. None where the
    arguments do not fit.
    """
    rest = iter(args)
    said: dict[str, Any] = {"what": form.words}
    try:
        for key, conversion, constant in form.fields:
            said[key] = _value(conversion, next(rest)) if conversion else constant
    except (StopIteration, TypeError, ValueError):
        return None  # Logging itself reports the mistake.
    return said


def _value(conversion: str, value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if conversion in ("%s", "%r") and type(value) is str:  # No member of an Enum.
        return value
    return conversion % (value,)
