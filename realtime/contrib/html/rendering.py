"""Renders a template for all who follow a stream, and so with nothing of one person's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation

_FOR_ALL = "The HTML is for all who follow the stream, so it is rendered without a request: "


def rendered(template: str | Sequence[str], context: Mapping[str, Any] | None) -> str:
    """Return what a template makes of a context, in the site's own language and time zone.

    Those that are active now may be one person's. Raises ``ValueError`` or ``TypeError`` for a
    context that holds a request or its CSRF token.
    """
    _refuse_requests(context)
    with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
        return render_to_string(template, None if context is None else dict(context))


def _refuse_requests(context: Any) -> None:
    if context is None:
        return
    if not isinstance(context, Mapping):
        raise TypeError(f"{_FOR_ALL}the context is a dict, not {type(context).__name__}.")
    for name, value in context.items():
        if isinstance(value, HttpRequest):
            raise ValueError(f"{_FOR_ALL}leave {name!r} out of the context.")
        # A view or a form, say, or a request of Django REST framework, which has Django's.
        attributes = getattr(value, "__dict__", {})
        if any(isinstance(attributes.get(one), HttpRequest) for one in ("request", "_request")):
            raise ValueError(f"{_FOR_ALL}{name!r} in the context holds one.")
    if "csrf_token" in context:
        raise ValueError(f"{_FOR_ALL}the CSRF token in the context is one person's.")
