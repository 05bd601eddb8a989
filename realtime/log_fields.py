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


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})
"""Types that JSON has; a member of an Enum is written as the line has it."""


class Field(NamedTuple):
    """A ``key=value`` whose value is an argument."""

    key: str
    conversion: str
    """Such as ``%s``."""
    is_cut: bool
    """Whether the line has a part of the value only, as by ``%.500r``."""


class Form(NamedTuple):
    """What a template consists of."""

    constant: dict[str, Any]
    """``what`` happened, and the fields whose values stand in the template."""
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
    found = _FIELD.findall(match["fields"])
    if len(found) != match["fields"].count(" "):
        return None
    constant = {"what": match["words"]} | {key: value for key, _, value in found if value}
    fields = tuple(
        Field(key, conversion, conversion[1] == "." and conversion[-1] in "sr")
        for key, conversion, _ in found
        if conversion
    )
    return Form(constant, fields, frozenset(key for key, _, _ in found), match.end("fields"))


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
    if len(args) != len(form.fields):
        return None
    said = form.constant.copy()
    try:
        for (key, conversion, is_cut), value in zip(form.fields, args, strict=True):
            is_plain = type(value) in _AS_IT_IS and not is_cut
            said[key] = value if is_plain else _value(conversion, value)
    except (TypeError, ValueError):
        return None  # Logging itself reports the mistake.
    return said


def _value(conversion: str, value: Any) -> Any:
    return value if isinstance(value, int | float) else conversion % (value,)
