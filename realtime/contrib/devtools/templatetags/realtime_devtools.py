"""``{% realtime_devtools %}`` puts the developer's overlay on a page."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from realtime.templatetags.realtime import nonce_attribute

register = template.Library()


@register.simple_tag(takes_context=True)
def realtime_devtools(context: template.Context) -> SafeString:
    """Load the overlay; the tag stands before the scripts that connect.

    The script carries the CSP nonce of the request, if there is one.
    """
    return format_html(
        '<script type="module" src="{}"{}></script>',
        static("realtime/devtools.js"),
        nonce_attribute(context),
    )
