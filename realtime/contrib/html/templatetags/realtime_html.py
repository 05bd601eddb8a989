"""``{% realtime_stream %}`` of this library writes an element that applies a stream's HTML."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from realtime.templatetags.realtime import ALL_USERS, nonce_attribute
from realtime.templatetags.realtime import realtime_stream as signed_name

register = template.Library()


@register.simple_tag(takes_context=True)
def realtime_stream(
    context: template.Context,
    *to: Any,
    user: Any = ALL_USERS,
    seconds: float | None = None,
    part: str | None = None,
    url: str | None = None,
) -> SafeString:
    """Write ``<realtime-stream>`` with a signed name of the stream, and load its module.

    ``to``, ``user`` and ``seconds`` are those of the core's tag of that name. ``part`` is the id of
    the element that the page fetches again where the stream has begun again; without it, that is
    the page's body. ``url`` is where it is fetched from; without it, the page's own address.

    Raises ``ValueError`` where a part of the name or the user is missing.
    """
    return format_html(
        '<realtime-stream src="{}"{}{}></realtime-stream>'
        '<script type="module" src="{}"{}></script>',
        signed_name(*to, user=user, seconds=seconds),
        "" if part is None else format_html(' data-part="{}"', part),
        "" if url is None else format_html(' data-refresh="{}"', url),
        static("realtime/html.js"),
        nonce_attribute(context),
    )
